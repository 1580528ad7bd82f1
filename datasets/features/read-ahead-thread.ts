/** What the thread of `readAhead` runs: reads the batches that it is asked for, in order. */
import { parentPort, workerData } from 'node:worker_threads';
import { SostenutoError } from '../../errors/problem.ts';
import type { FromThread, ThreadData } from './read-ahead.ts';
import { openBatches, type SequenceBatches } from './sequences.ts';

const { groups, plan, slots }: ThreadData = workerData;
let batches: SequenceBatches | undefined;
/** Used in turn: the one that is read, those ahead of it, and the one that is written. */
const buffers: Float32Array[] = [];

parentPort?.on('message', (step: number) => {
  let answer: FromThread;
  try {
    batches ??= openBatches(groups, plan);
    buffers[step % slots] ??= new Float32Array(new SharedArrayBuffer(4 * batches.size));
    answer = { step, batch: batches.read(step, buffers[step % slots]) };
  } catch (error) {
    answer = {
      step,
      failed: error instanceof SostenutoError ? error.problems : String(error instanceof Error ? error.stack : error),
    };
  }
  parentPort?.postMessage(answer);
});
