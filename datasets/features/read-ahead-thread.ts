/** What the thread of `readAhead` runs: reads the batches that it is asked for, in order. */
import { parentPort, workerData } from 'node:worker_threads';
import { SostenutoError } from '../../errors/problem.ts';
import type { FromThread, ThreadData } from './read-ahead.ts';
import { openBatches, type SequenceBatches } from './sequences.ts';

const { groups, plan }: ThreadData = workerData;
let batches: SequenceBatches | undefined;

parentPort?.on('message', (step: number) => {
  let answer: FromThread;
  try {
    batches ??= openBatches(groups, plan);
    answer = { step, batch: batches.read(step) };
  } catch (error) {
    answer = {
      step,
      failed: error instanceof SostenutoError ? error.problems : String(error instanceof Error ? error.stack : error),
    };
  }
  parentPort?.postMessage(answer, 'batch' in answer ? [answer.batch.values.buffer as ArrayBuffer] : []);
});
