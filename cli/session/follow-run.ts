import { setTimeout as sleep } from 'node:timers/promises';
import type { RunReport } from '../../activities/messages.ts';
import type { Session } from './session.ts';

const lookMs = 400;

export interface FollowOptions {
  /** Called with what the run says about itself. */
  readonly onReport: (report: RunReport) => void;
  /** True: stop following; the run goes on. */
  readonly isEnough?: (report: RunReport) => boolean;
  readonly signal: AbortSignal;
}

/**
 * Follows a run until it ends, until there has been enough, or until the signal: then the last thing that is known of it.
 * A server that is away for a while is waited for.
 */
export async function followRun(session: Session, workflowId: string, { onReport, isEnough, signal }: FollowOptions): Promise<RunReport> {
  // Loaded here, so that a command can begin to start a server before.
  const { describeRun } = await import('../../activities/client/describe-run.ts');
  const stop = new AbortController();
  const done = untilEnd(session, workflowId, stop.signal);
  let isOver = false;
  done.then(
    () => {
      isOver = true;
    },
    () => {
      isOver = true;
    },
  );
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  let last: RunReport | undefined;
  try {
    await Promise.race([done, sleep(lookMs)]);
    while (!isOver && !signal.aborted) {
      const report = await describeRun(session, workflowId).catch(() => undefined);
      if (isOver || signal.aborted) break;
      if (report !== undefined) {
        last = report;
        onReport(report);
        if (isEnough?.(report)) return report;
      }
      await Promise.race([done, aborted, sleep(lookMs)]);
    }
    if (!isOver) return last ?? (await describeRun(session, workflowId));
    const end = await done;
    onReport(end);
    return end;
  } finally {
    stop.abort();
  }
}

/** The end of a run. Errors of the connection are waited out; anything else is passed on. */
async function untilEnd(session: Session, workflowId: string, signal: AbortSignal): Promise<RunReport> {
  const { waitForRun } = await import('../../activities/client/describe-run.ts');
  for (;;) {
    try {
      // Aborted, so that no call is left over when the connection is closed.
      return await session.client.withAbortSignal(signal, () => waitForRun(session, workflowId));
    } catch (error) {
      if (signal.aborted || !isConnectionError(error)) throw error;
      await sleep(1000);
    }
  }
}

/** gRPC: 1 cancelled by a closing connection, 4 deadline, 8 too much at once, 14 unavailable. */
function isConnectionError(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('code' in at && [1, 4, 8, 14].includes(Number(at.code))) return true;
  }
  return false;
}

/** Nothing more can happen before a person decides something. */
export function waitsForPerson({ nodes, paused }: RunReport): boolean {
  const has = (...statuses: string[]): boolean => nodes.some(({ status }) => statuses.includes(status));
  return (has('waiting') || paused === true) && !has('running', 'ready');
}
