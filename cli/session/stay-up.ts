import { setTimeout as sleep } from 'node:timers/promises';
import { startLink } from '../../activities/worker/start-workers.ts';
import { QUEUES } from '../../engine/define/task.ts';
import { type ReportServer, serveReports } from '../../web/server/serve-reports.ts';
import type { Config } from '../config/config.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { print, printJson, say } from '../output.ts';
import { isFree } from '../server/ports.ts';
import { listenForInterrupts } from './interrupts.ts';
import { keepStaffed } from './keep-staffed.ts';
import { openProject } from './project.ts';
import { openSession, type Session } from './session.ts';
import { loadWorkers } from './staff.ts';

const defaultWebPort = 8400;

export interface UpOptions {
  readonly json?: boolean;
  readonly whileRunning?: boolean;
}

/** Server, workers and report pages until Ctrl-C, or until no run is open any more. */
export async function stayUp(options: UpOptions): Promise<ExitCode> {
  const project = await openProject();
  const interrupts = listenForInterrupts();
  const session = await openSession(project.config, loadWorkers);
  try {
    const staff = await keepStaffed(project, session, QUEUES, say);
    const web = await servePages(project.config);
    try {
      if (options.json) printJson(linksAsData(session, web));
      else for (const line of upLines(session, web)) print(line);
      await Promise.race([interrupts.first, staff.failure, ...(options.whileRunning ? [untilIdle(session, interrupts.signal)] : [])]);
      if (interrupts.signal.aborted)
        say('Stopping: trainings save a checkpoint; open runs go on with the next `sostenuto up`. Ctrl-C again ends at once.');
    } finally {
      await web.close();
      await staff.stop();
      interrupts.end();
    }
  } finally {
    await session.close();
  }
  return exitCodes.done;
}

/** Report pages on the port that was asked for, on the usual one, or on any. */
export async function servePages({ home, ports }: Config): Promise<ReportServer> {
  const port = ports.web ?? ((await isFree(defaultWebPort)) ? defaultWebPort : 0);
  return serveReports({ home, port });
}

function linksAsData({ address, uiUrl, config }: Session, web: ReportServer): Record<string, unknown> {
  const { taskQueue, temporal } = config;
  return {
    address,
    ...(uiUrl === undefined ? {} : { ui: uiUrl, startLink: startLink(uiUrl, taskQueue, temporal.namespace) }),
    reports: web.url,
    taskQueue,
    home: config.home,
  };
}

/** What is up, one line a thing. */
export function upLines({ address, uiUrl, config }: Session, web: ReportServer): string[] {
  const { taskQueue, temporal, home } = config;
  return [
    `server   ${address}`,
    ...(uiUrl === undefined
      ? []
      : [`UI       ${uiUrl}`, `start    ${startLink(uiUrl, taskQueue, temporal.namespace)}  (input {} runs the demo)`]),
    `reports  ${web.url}`,
    `queue    ${taskQueue}`,
    `home     ${home}`,
  ];
}

/** Resolves when no run has been open for two looks in a row. */
async function untilIdle({ client, config }: Session, signal: AbortSignal): Promise<void> {
  for (let idle = 0; idle < 2 && !signal.aborted; ) {
    await sleep(3000, undefined, { signal }).catch(() => undefined);
    const open = await client.workflow.count(`ExecutionStatus = 'Running' AND TaskQueue = '${config.taskQueue}'`).catch(() => undefined);
    idle = open?.count === 0 ? idle + 1 : 0;
  }
}
