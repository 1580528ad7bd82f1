/** Batches that a thread of their own reads while the step before is computed. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Problem, SostenutoError } from '../../errors/problem.ts';
import type { BatchPlan } from './batches.ts';
import type { SequenceBatch, SequenceGroup } from './sequences.ts';

export interface ThreadData {
  readonly groups: readonly SequenceGroup[];
  readonly plan: BatchPlan;
  readonly slots: number;
}
export type FromThread =
  | { readonly step: number; readonly batch: SequenceBatch }
  | { readonly step: number; readonly failed: readonly Problem[] | string };

export interface ReadAhead {
  /** The batch of a step, the same as `openBatches` gives, valid until the next is asked for; the thread goes on with those behind it. */
  read(step: number): Promise<SequenceBatch>;
  close(): Promise<void>;
}

/**
 * Starts the thread. At most `ahead` batches (default 2) wait in memory besides the one that is used.
 * A batch that cannot be read fails when it is asked for, with the error of `openBatches`.
 */
export function readAhead(groups: readonly SequenceGroup[], plan: BatchPlan, ahead = 2): ReadAhead {
  const workerData: ThreadData = { groups, plan, slots: ahead + 2 };
  const thread = new Worker(startOf(new URL('./read-ahead-thread.ts', import.meta.url)), { eval: true, execArgv: [], workerData });
  thread.unref();
  const waiting = new Map<number, { readonly answer: Promise<FromThread>; readonly take: (answer: FromThread) => void }>();
  const ask = (step: number) => {
    if (waiting.has(step)) return;
    let take: (answer: FromThread) => void = () => {};
    const answer = new Promise<FromThread>((resolve) => {
      take = resolve;
    });
    waiting.set(step, { answer, take });
    thread.postMessage(step);
  };
  let ended: string | undefined;
  const end = (failed: string) => {
    ended = failed;
    for (const [step, { take }] of waiting) take({ step, failed });
  };
  thread.on('message', (answer: FromThread) => waiting.get(answer.step)?.take(answer));
  thread.on('error', (error) => end(error.stack ?? error.message));
  thread.on('exit', () => end('the reading thread has ended'));
  return {
    async read(step) {
      if (ended !== undefined) throw new Error(ended);
      // After a jump, what was read ahead is of no use.
      for (const asked of waiting.keys()) if (asked < step || asked > step + ahead) waiting.delete(asked);
      thread.ref();
      for (let next = step; next <= step + ahead; next++) ask(next);
      const found = await waiting.get(step)?.answer;
      waiting.delete(step);
      thread.unref();
      if (found && 'batch' in found) return found.batch;
      const failed = found?.failed ?? 'no answer';
      throw typeof failed === 'string' ? new Error(failed) : new SostenutoError(failed);
    },
    async close() {
      await thread.terminate();
    },
  };
}

/** A thread does not have the loader of TypeScript that its process was started with. */
function startOf(module: URL): string {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx'));
  const loader = new URL('esm/api/index.mjs', tsx).href;
  return `import(${JSON.stringify(loader)}).then(({ register }) => register() && import(${JSON.stringify(module.href)}))`;
}
