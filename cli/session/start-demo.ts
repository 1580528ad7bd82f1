import { basename, dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeRun } from '../../activities/client/describe-run.ts';
import { startRun } from '../../activities/client/start-run.ts';
import { QUEUES } from '../../engine/define/task.ts';
import { Follower } from '../display/follow.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { say } from '../output.ts';
import { listenForInterrupts } from './interrupts.ts';
import { keepStaffed } from './keep-staffed.ts';
import { checkedPlan, openProject } from './project.ts';
import { summaryOf, waitAndTell } from './run-and-wait.ts';
import { openSession } from './session.ts';
import { loadWorkers } from './staff.ts';
import { servePages, upLines } from './stay-up.ts';

export interface StartOptions {
  readonly json?: boolean;
  readonly exit?: boolean;
  readonly pipeline?: string;
  readonly preset?: string;
}

/** Everything up, the demo run, links at the end. In a terminal it stays up until Ctrl-C. */
export async function startDemo(options: StartOptions): Promise<ExitCode> {
  const project = await openProject();
  const { config } = project;
  const request = {
    pipeline: options.pipeline ?? config.defaultPipeline,
    ...(options.preset === undefined ? {} : { preset: options.preset }),
  };
  const plan = await checkedPlan(project, request);
  const interrupts = listenForInterrupts();
  const session = await openSession(config, loadWorkers);
  try {
    const follower = new Follower(process.stderr, process.env);
    const staff = await keepStaffed(project, session, QUEUES, (line) => follower.note(line));
    const web = await servePages(config);
    try {
      for (const line of upLines(session, web)) say(line);
      const { workflowId } = await startRun(session.client, {
        taskQueue: config.taskQueue,
        request,
        summary: summaryOf(plan),
      });
      say(`run      ${workflowId}`);
      const code = await waitAndTell(session, staff, interrupts, follower, { workflowId, pipeline: plan.pipeline }, options);
      const { report } = await describeRun(session, workflowId);
      if (report !== null) {
        say(`hear it  ${web.url}${basename(dirname(report))}/  (on disk: ${pathToFileURL(report).href})`);
      }
      const stays = process.stdout.isTTY && process.stdin.isTTY && options.exit !== true && !interrupts.signal.aborted;
      if (!stays) return code;
      say('Server, UI and report stay up until Ctrl-C.');
      await Promise.race([interrupts.first, staff.failure]);
      return code === exitCodes.interrupted ? exitCodes.done : code;
    } finally {
      await web.close();
      await staff.stop();
      interrupts.end();
    }
  } finally {
    await session.close();
  }
}
