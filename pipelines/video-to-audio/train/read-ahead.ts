import { type OpenInThread, runAhead } from '../../../datasets/features/in-thread.ts';
import type { TaskContext } from '../../../engine/define/task.ts';

/** How a thread opens the same data again: `open`, an export of the module at `url`, of `given`, which is plain data. */
export interface ThreadSource<Given, Batch> {
  readonly url: string;
  readonly open: OpenInThread<Given, Batch>;
  readonly given: Given;
}

/** Trains on batches that a thread makes while steps are computed, as many ahead as `training.readAhead` says, or with 0 on those of the dataset itself: the same bytes. */
export async function withReadAhead<Given, Batch, Data extends { batchAt(step: number): Batch | Promise<Batch> }>(
  { operational }: TaskContext,
  dataset: Data,
  source: ThreadSource<Given, Batch>,
  train: (dataset: Data) => Promise<unknown>,
): Promise<void> {
  const ahead = Number(operational.readAhead ?? 0);
  if (ahead === 0) {
    await train(dataset);
    return;
  }
  const thread = runAhead(source, source.given, ahead);
  try {
    await train({ ...dataset, batchAt: thread.read });
  } finally {
    await thread.close();
  }
}
