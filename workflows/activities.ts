import { ActivityCancellationType, type ActivityOptions, proxyLocalActivities, scheduleActivity, workflowInfo } from '@temporalio/workflow';
import {
  type Advance,
  type AdvanceRequest,
  type CompactNode,
  type CompactPlan,
  type FinishRequest,
  type Profile,
  queueName,
  type RunIdentity,
  type RunResult,
} from '../activities/messages.ts';
import type { Artifact } from '../engine/define/ports.ts';

interface Planning {
  plan(request: unknown, run: RunIdentity): Promise<CompactPlan>;
  readPlan(plan: Artifact, state: Artifact | undefined, from: number): Promise<CompactNode[]>;
}
interface Advancing {
  advance(request: AdvanceRequest): Promise<Advance>;
  finish(request: FinishRequest): Promise<RunResult>;
  /** Several lists of quarantined elements become one. */
  joinQuarantine(lists: readonly Artifact[]): Promise<Artifact>;
}
const first = { initialInterval: '200ms', backoffCoefficient: 2 } as const;

/** A disk that is full when a run begins ends it with that reason; later it makes the run wait, because work would be lost. */
export const planning = proxyLocalActivities<Planning>({ startToCloseTimeout: '2 minutes', retry: { ...first, maximumAttempts: 5 } });
export const local = proxyLocalActivities<Advancing>({ startToCloseTimeout: '5 minutes', retry: { ...first, maximumInterval: '30s' } });

/** Writing the report may take its time, so that it is an activity of its own. */
export const finishWithReport = (request: FinishRequest): Promise<RunResult> =>
  scheduleActivity('finish', [request], {
    startToCloseTimeout: '15 minutes',
    retry: { ...first, maximumInterval: '30s', maximumAttempts: 10 },
    summary: 'ledger and report',
  });

/** How the activity of a node is scheduled. Attempts are unbounded: a worker's shutdown costs one, and errors that can't pass are typed. */
export function nodeOptions(profile: Profile, summary: string, elements = 1): ActivityOptions {
  return {
    taskQueue: queueName(workflowInfo().taskQueue, profile.queue),
    startToCloseTimeout: elements === 1 ? profile.timeout : (milliseconds(profile.timeout) ?? 3_600_000) * elements,
    heartbeatTimeout: profile.heartbeatSeconds * 1000,
    retry: { ...first, maximumInterval: '5s' },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary: summary.slice(0, 190),
  } as ActivityOptions;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7, w: 6.048e8 };

/** `90 s`, `2 days`, `1 hour` … in milliseconds. */
export function milliseconds(text: string): number | undefined {
  const [, number, unit] = /^\s*([\d.]+)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  if (number === undefined || unit === undefined) return undefined;
  const factor = unit === '' || /^m(illi)?s/i.test(unit) ? 1 : units[unit.charAt(0).toLowerCase()];
  return factor === undefined ? undefined : Number(number) * factor;
}
