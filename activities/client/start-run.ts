import { randomBytes } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { RunRequest } from '../messages.ts';
import { defaultPipeline } from '../messages.ts';

export interface StartOptions {
  readonly taskQueue: string;
  readonly request: RunRequest;
  /** Default `<pipeline>-<time>-<4 hex digits>`. */
  readonly workflowId?: string;
  /** What starts it, for the search attribute `Trigger`. Default `cli`. */
  readonly trigger?: string;
  /** One line for the run's page. */
  readonly summary?: string;
}
export interface StartedRun {
  readonly workflowId: string;
  readonly runId: string;
}

/** A name that sorts by time and can be said aloud. */
export function readableId(pipeline: string, now = new Date()): string {
  const time = now.toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '').replace('T', '-');
  return `${pipeline}-${time}-${randomBytes(2).toString('hex')}`;
}

/** Starts a run and returns at once. Wrong input fails the run, not this call. */
export async function startRun(client: Client, options: StartOptions): Promise<StartedRun> {
  const { taskQueue, request, summary } = options;
  const workflowId = options.workflowId ?? readableId(request.pipeline ?? defaultPipeline);
  const handle = await client.workflow.start('runPipeline', {
    taskQueue,
    workflowId,
    args: [request],
    memo: { trigger: options.trigger ?? 'cli' },
    // A killed worker's unfinished look-ups are taken up after this time; the default of 10 s is felt.
    workflowTaskTimeout: '5s',
    ...(summary === undefined ? {} : { staticSummary: summary.slice(0, 190) }),
  });
  return { workflowId, runId: handle.firstExecutionRunId };
}
