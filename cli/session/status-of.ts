import { describeRun } from '../../activities/client/describe-run.ts';
import { fromLedger, noSuchRun } from '../../activities/client/from-ledger.ts';
import type { RunReport } from '../../activities/messages.ts';
import { workflowOf } from '../../activities/rows.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { openStore } from '../../engine/store/store.ts';
import { loadConfig } from '../config/load.ts';
import { Follower } from '../display/follow.ts';
import { boardLines, reportLines } from '../display/lines.ts';
import { snapshotOf } from '../display/snapshot.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { print, printJson, say } from '../output.ts';
import { followRun } from './follow-run.ts';
import { listenForInterrupts } from './interrupts.ts';
import { projectHome } from './project.ts';
import { linksOf } from './run-and-wait.ts';
import { findSession, type Session } from './session.ts';

interface StatusOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** Prints what a run is doing or what came of it; without a server, what the ledger knows. */
export async function describeOne(workflowId: string, options: StatusOptions): Promise<ExitCode> {
  const config = await loadConfig();
  const session = await findSession(config);
  if (session === undefined) {
    const report = await fromLedger({ ledger: openLedger(config.home), store: await openStore(config.home) }, workflowId);
    if (report === undefined) throw noSuchRun(workflowId);
    tell(report, options);
    if (report.status === 'running') say('No server is up: the run goes on when `sostenuto up` is started.');
    return exitCodes.done;
  }
  try {
    const report = options.watch ? await watch(session, workflowId) : await describeRun(session, workflowId);
    tell(report, options);
    if (!options.json) for (const line of linksOf(session, report)) say(line);
    return exitCodes.done;
  } finally {
    await session.close();
  }
}

async function watch(session: Session, workflowId: string): Promise<RunReport> {
  const follower = new Follower(process.stderr, process.env);
  const interrupts = listenForInterrupts();
  try {
    return await followRun(session, workflowId, {
      onReport: (report) => follower.show(snapshotOf(report, Date.now())),
      signal: interrupts.signal,
    });
  } finally {
    follower.end();
    interrupts.end();
  }
}

function tell(report: RunReport, { json }: StatusOptions): void {
  if (json) printJson(report);
  else if (report.status === 'running') for (const line of boardLines(snapshotOf(report, Date.now()), new Map(), Infinity)) print(line);
  else for (const line of reportLines(report)) print(line);
}

export interface ListedRun {
  readonly workflowId: string;
  readonly pipeline: string;
  readonly status: string;
  readonly startedAt: string;
  readonly seconds: number;
}

/** The newest runs of the ledger. */
export async function latestRuns(limit: number): Promise<ListedRun[]> {
  const rows = await openLedger(await projectHome()).query(
    `SELECT run, pipeline, status, startedAt, seconds FROM runs ORDER BY startedAt DESC LIMIT ${limit}`,
  );
  return rows.map(({ run, pipeline, status, startedAt, seconds }) => ({
    workflowId: workflowOf(String(run)),
    pipeline: String(pipeline),
    status: String(status),
    startedAt: String(startedAt),
    seconds: Number(seconds ?? 0),
  }));
}
