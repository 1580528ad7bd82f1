/** Batches that a thread of their own reads while the step before is computed. */
import type { BatchPlan } from './batches.ts';
import { type Ahead, runAhead } from './in-thread.ts';
import {
  openBatches,
  openStoredBatches,
  type SequenceBatch,
  type SequenceBatches,
  type SequenceGroup,
  type StoredValues,
  sharedValues,
} from './sequences.ts';

interface Given {
  readonly groups: readonly SequenceGroup[];
  readonly plan: BatchPlan;
  /** Buffers that are used in turn: for the batch that is read, and those ahead of it. */
  readonly slots: number;
}
const AHEAD = 1;

/**
 * The batches of `openBatches`, each valid until the next is asked for. At most `ahead` (default 1) wait in memory besides the one that is used.
 * One that cannot be read fails when it is asked for, with the error of `openBatches`.
 */
export const readAhead = (groups: readonly SequenceGroup[], plan: BatchPlan, ahead = AHEAD): Ahead<SequenceBatch> =>
  runAhead({ url: import.meta.url, open: openInSlots }, { groups, plan, slots: ahead + 1 }, ahead);

/** `readAhead` for the batches of `openStoredBatches`. */
export const readStoredAhead = (groups: readonly SequenceGroup[], plan: BatchPlan, ahead = AHEAD): Ahead<SequenceBatch<StoredValues>> =>
  runAhead({ url: import.meta.url, open: openStoredInSlots }, { groups, plan, slots: ahead + 1 }, ahead);

export const openInSlots = ({ groups, plan, slots }: Given) => inSlots(openBatches(groups, plan), slots);
export const openStoredInSlots = ({ groups, plan, slots }: Given) => inSlots(openStoredBatches(groups, plan), slots);

function inSlots<Values extends StoredValues>({ scalar, size, read }: SequenceBatches<Values>, slots: number) {
  const buffers: Values[] = [];
  return (step: number): SequenceBatch<Values> => {
    buffers[step % slots] ??= sharedValues(scalar, size) as Values;
    return read(step, buffers[step % slots]);
  };
}
