/**
 * Which clips, and which part of each, a training step sees: a pure function of (groups, plan, step). Nothing is kept
 * between steps, so a training that resumes at step n draws what it would have drawn; and no list of clips is made, only
 * how many each shard has.
 */
import { permutation, shuffled, uniform } from '../../numeric/random.ts';

/** A set of clips that is drawn from. */
export interface BatchGroup {
  /** Clips of each of its shards; clips that lie in memory are one shard. */
  readonly shards: readonly number[];
  /** Length of a clip on the grid of the crop. */
  rows(shard: number, clip: number): number;
  /** Part of the mix, on any scale. Default 1; a group of weight 0 is left out. */
  readonly weight?: number;
}
export interface BatchPlan {
  readonly seed: number;
  /** Clips a step. */
  readonly batch: number;
  /** Rows of a crop; shorter clips are padded behind. */
  readonly rows: number;
  /** Shards that are read at the same time: clips are shuffled over so many, and these over all. Default 16. */
  readonly openShards?: number;
}
export interface BatchItem {
  /** Positions in the lists of groups, of its shards, and of the shard's clips. */
  readonly group: number;
  readonly shard: number;
  readonly clip: number;
  /** First row of the crop. */
  readonly from: number;
  /** Rows of the crop that the clip has; the rest is padding. */
  readonly rows: number;
}
export interface Batches {
  /** Items of a step, from 0 on. */
  at(step: number): BatchItem[];
}

/** The order of groups repeats after so many items. */
const PERIOD = 1024;
export const OPEN_SHARDS = 16;

/** Prepares the draws of a plan; within a group every clip comes once an epoch. @throws RangeError if there is nothing to draw from. */
export function planBatches(groups: readonly BatchGroup[], plan: BatchPlan): Batches {
  const { seed, batch, rows, openShards = OPEN_SHARDS } = plan;
  const counts = groups.map(({ shards }) => shards.reduce((sum, clips) => sum + clips, 0));
  const weights = groups.map(({ weight = 1 }, group) => ((counts[group] ?? 0) > 0 ? weight : 0));
  if (!weights.some((weight) => weight > 0)) throw new RangeError('no clip to draw from');
  if (batch < 1 || rows < 1) throw new RangeError(`a batch of ${batch} crops of ${rows} rows`);
  const schedule = mixGroups(weights);
  const epochs: Epoch[] = [];
  const epochOf = (group: number, epoch: number): Epoch => {
    const held = epochs[group];
    if (held?.epoch === epoch) return held;
    const made = orderOf(groups[group]?.shards ?? [], openShards, seed, group, epoch);
    epochs[group] = made;
    return made;
  };
  return {
    at(step) {
      const places = uniform({ seed, purpose: 'crop', step }, batch);
      return Array.from({ length: batch }, (_, sample): BatchItem => {
        const position = step * batch + sample;
        const turn = position % PERIOD;
        const group = schedule.order[turn] ?? 0;
        const count = counts[group] ?? 0;
        const drawn = Math.floor(position / PERIOD) * (schedule.totals[group] ?? 0) + (schedule.before[turn] ?? 0);
        const { shard, clip } = epochOf(group, Math.floor(drawn / count)).at(drawn % count);
        const length = groups[group]?.rows(shard, clip) ?? 0;
        const from = Math.floor((places[sample] ?? 0) * Math.max(1, length - rows + 1));
        return { group, shard, clip, from, rows: Math.min(length, rows) };
      });
    },
  };
}

interface Epoch {
  readonly epoch: number;
  at(place: number): { shard: number; clip: number };
}

/** The order of one epoch: shards anew, then in windows of some shards their clips anew. A window is what has to be open. */
function orderOf(shards: readonly number[], window: number, seed: number, group: number, epoch: number): Epoch {
  const order = shuffled({ seed, purpose: `shards-${group}`, step: epoch }, shards.length);
  /** Clips before each shard of the order. */
  const before = new Float64Array(shards.length + 1);
  order.forEach((shard, i) => {
    before[i + 1] = (before[i] ?? 0) + (shards[shard] ?? 0);
  });
  let mixed: { first: number; permuted: (place: number) => number } | undefined;
  return {
    epoch,
    at(place) {
      const first = Math.floor(lastNotAbove(before, place) / window) * window;
      const [start, end] = [before[first] ?? 0, before[Math.min(first + window, shards.length)] ?? 0];
      if (mixed?.first !== first)
        mixed = { first, permuted: permutation({ seed, purpose: `order-${group}`, step: epoch, sample: first }, end - start) };
      const clip = start + mixed.permuted(place - start);
      const at = lastNotAbove(before, clip);
      return { shard: order[at] ?? 0, clip: clip - (before[at] ?? 0) };
    },
  };
}

/** Last position of a rising list whose value is not above `value`. */
export function lastNotAbove(rising: Float64Array, value: number): number {
  let [low, high] = [0, rising.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((rising[middle] ?? 0) <= value) low = middle;
    else high = middle;
  }
  return low;
}

/** Spreads the groups evenly: each turn goes to the group that is furthest behind its share. */
function mixGroups(weights: readonly number[]): { order: Uint16Array; before: Uint32Array; totals: Uint32Array } {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const totals = new Uint32Array(weights.length);
  const order = new Uint16Array(PERIOD);
  const before = new Uint32Array(PERIOD);
  for (let turn = 0; turn < PERIOD; turn++) {
    const behind = weights.map((weight, group) =>
      weight > 0 ? ((turn + 1) * weight) / sum - (totals[group] ?? 0) : Number.NEGATIVE_INFINITY,
    );
    const chosen = behind.indexOf(Math.max(...behind));
    order[turn] = chosen;
    before[turn] = totals[chosen] ?? 0;
    totals[chosen] = (totals[chosen] ?? 0) + 1;
  }
  return { order, before, totals };
}
