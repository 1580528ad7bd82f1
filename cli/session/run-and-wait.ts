import type { RunReport, RunRequest } from '../../activities/messages.ts';
import type { Queue } from '../../engine/define/task.ts';
import type { Plan } from '../../engine/plan/plan.ts';
import { openStore } from '../../engine/store/store.ts';
import { Follower } from '../display/follow.ts';
import { reportLines } from '../display/lines.ts';
import { snapshotOf } from '../display/snapshot.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { print, printJson, say } from '../output.ts';
import { workInBackground } from './background.ts';
import { followRun, waitsForPerson } from './follow-run.ts';
import { type Interrupts, listenForInterrupts } from './interrupts.ts';
import { keepStaffed, type Staff } from './keep-staffed.ts';
import { leftOutLines } from './left-out.ts';
import { checkedPlan, openProject } from './project.ts';
import { openSession, type Session } from './session.ts';
import { loadWorkers, runLink, unstaffed } from './staff.ts';

export interface RunOptions {
  readonly json?: boolean;
  readonly detach?: boolean;
  readonly id?: string;
  readonly leaveAtGate?: boolean;
}

/** Runs a request to its end and prints what came of it. A wrong request ends here, before anything is started. */
export async function runAndWait(request: RunRequest, options: RunOptions): Promise<ExitCode> {
  const project = await openProject();
  const plan = await checkedPlan(project, request);
  const session = await openSession(project.config, loadWorkers);
  try {
    const start = async () => {
      const { startRun } = await import('../../activities/client/start-run.ts');
      return startRun(session.client, {
        taskQueue: project.config.taskQueue,
        request,
        ...(options.id === undefined ? {} : { workflowId: options.id }),
        summary: summaryOf(plan),
      });
    };
    if (options.detach) return await detach(session, plan, await start(), options);
    const follower = new Follower(process.stderr, process.env);
    const interrupts = listenForInterrupts();
    const staff = await keepStaffed(project, session, queuesOf(plan), (line) => follower.note(line));
    try {
      const { workflowId } = await start();
      say(`run ${workflowId}`);
      return await waitAndTell(session, staff, interrupts, follower, { workflowId, pipeline: plan.pipeline }, options);
    } finally {
      await staff.stop();
      interrupts.end();
    }
  } finally {
    await session.close();
  }
}

/** The queues that a plan needs; the workflow itself is on the first. */
export const queuesOf = ({ nodes }: Plan): Queue[] => [...new Set<Queue>(['light', ...nodes.map(({ queue }) => queue)])];

/** One line for the run's page in the UI. */
export const summaryOf = ({ pipeline, preset, nodes }: Plan): string => `${pipeline}, preset ${preset}, ${nodes.length} nodes`;

/**
 * Follows a run and prints its end. The first Ctrl-C stops a run whose work is done here, because nobody would go on with it;
 * a run that others work on is only left alone.
 */
export async function waitAndTell(
  session: Session,
  staff: Staff,
  interrupts: Interrupts,
  follower: Follower,
  { workflowId, pipeline }: { readonly workflowId: string; readonly pipeline: string },
  options: Pick<RunOptions, 'json' | 'leaveAtGate'>,
): Promise<ExitCode> {
  const onReport = (report: RunReport): void => follower.show(snapshotOf(report, Date.now()));
  const isEnough = options.leaveAtGate ? waitsForPerson : () => false;
  let report = await Promise.race([followRun(session, workflowId, { onReport, isEnough, signal: interrupts.signal }), staff.failure]);
  if (interrupts.signal.aborted && report.status === 'running') {
    if (!staff.isOwn) {
      follower.end();
      say(`The run goes on. Follow it with: sostenuto status ${workflowId} --watch`);
      return exitCodes.interrupted;
    }
    follower.note('Stopping: trainings save a checkpoint. Ctrl-C again ends at once.');
    const { cancelRun } = await import('../../activities/client/control-run.ts');
    await cancelRun(session.client, workflowId);
    report = await followRun(session, workflowId, { onReport, signal: new AbortController().signal });
  }
  follower.end();
  // A run that ended before it had a plan cannot say what it was.
  if (report.pipeline === '') report = { ...report, pipeline };
  if (options.json) {
    if (process.stderr.isTTY) for (const line of reportLines(report)) say(line);
    printJson(report);
  } else {
    for (const line of reportLines(report)) print(line);
    for (const line of await leftOutLines(await openStore(session.config.home), report)) say(line);
    for (const line of linksOf(session, report)) say(line);
  }
  if (interrupts.signal.aborted && report.status !== 'done') return exitCodes.interrupted;
  return exitCodeOfReport(report);
}

export function linksOf({ uiUrl, config }: Session, { workflowId, runId, report }: RunReport): string[] {
  return [
    ...(report === null ? [] : [`report   ${report}`]),
    ...(uiUrl === undefined ? [] : [`Temporal ${runLink(uiUrl, config.temporal.namespace, workflowId, runId)}`]),
  ];
}

/** 0 only if every node is done. */
export function exitCodeOfReport(report: RunReport): ExitCode {
  if (report.status === 'done' && report.nodes.every(({ status }) => status === 'done')) return exitCodes.done;
  return report.status === 'running' && waitsForPerson(report) ? exitCodes.waiting : exitCodes.failed;
}

async function detach(
  session: Session,
  plan: Plan,
  { workflowId, runId }: { workflowId: string; runId: string },
  { json }: RunOptions,
): Promise<ExitCode> {
  if ((await unstaffed(session, queuesOf(plan))).length > 0) {
    const log = workInBackground(session.config);
    say(`Nobody was at work: workers were started in the background, for as long as runs are open (${log}).`);
  }
  if (json) printJson({ workflowId, runId, pipeline: plan.pipeline, status: 'running', seconds: 0, report: null, nodes: [] });
  else print(workflowId);
  say(`Follow it with: sostenuto status ${workflowId} --watch`);
  return exitCodes.done;
}
