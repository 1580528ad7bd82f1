/**
 * Which clips, and which part of each, a training step sees: a pure function of (clips, plan, step). Nothing is kept
 * between steps, so a training that resumes at step n draws what it would have drawn.
 */
import { shuffled, uniform } from '../../numeric/random.ts';

export interface BatchClip {
  readonly id: string;
  /** Length of the clip on the grid of the crop. */
  readonly rows: number;
  /** Set that the mixing weights name. */
  readonly group?: string;
}
export interface BatchPlan {
  readonly seed: number;
  /** Clips a step. */
  readonly batch: number;
  /** Rows of a crop; shorter clips are padded behind. */
  readonly rows: number;
  /** Parts of the groups in the mix, any scale; groups without a weight are left out. Default: every clip equally often. */
  readonly weights?: Readonly<Record<string, number>>;
}
export interface BatchItem {
  /** Position in the list of clips. */
  readonly clip: number;
  readonly id: string;
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

interface Group {
  readonly clips: readonly number[];
  readonly weight: number;
}

/** Prepares the draws of a plan; within a group every clip comes once an epoch. @throws RangeError if there is nothing to draw from. */
export function planBatches(clips: readonly BatchClip[], plan: BatchPlan): Batches {
  const groups = groupClips(clips, plan.weights);
  if (groups.length === 0) throw new RangeError('no clip to draw from');
  if (plan.batch < 1 || plan.rows < 1) throw new RangeError(`a batch of ${plan.batch} crops of ${plan.rows} rows`);
  const schedule = mixGroups(groups.map((group) => group.weight));
  const orders = new Map<string, Uint32Array>();
  const orderOf = (group: number, epoch: number, count: number) => {
    const name = `${group}/${epoch}`;
    let order = orders.get(name);
    if (!order) {
      // A permutation costs time, not truth: the last few are kept, any other is made anew.
      if (orders.size > 2 * groups.length) orders.clear();
      order = shuffled({ seed: plan.seed, purpose: `order-${group}`, step: epoch }, count);
      orders.set(name, order);
    }
    return order;
  };
  return {
    at(step) {
      const places = uniform({ seed: plan.seed, purpose: 'crop', step }, plan.batch);
      return Array.from({ length: plan.batch }, (_, sample): BatchItem => {
        const position = step * plan.batch + sample;
        const turn = position % PERIOD;
        const group = schedule.order[turn] ?? 0;
        const members = groups[group]?.clips ?? [];
        const drawn = Math.floor(position / PERIOD) * (schedule.totals[group] ?? 0) + (schedule.before[turn] ?? 0);
        const order = orderOf(group, Math.floor(drawn / members.length), members.length);
        const clip = members[order[drawn % members.length] ?? 0] ?? 0;
        const { id = '', rows = 0 } = clips[clip] ?? {};
        const from = Math.floor((places[sample] ?? 0) * Math.max(1, rows - plan.rows + 1));
        return { clip, id, from, rows: Math.min(rows, plan.rows) };
      });
    },
  };
}

/** Items of one step. */
export const batchAt = (clips: readonly BatchClip[], plan: BatchPlan, step: number): BatchItem[] => planBatches(clips, plan).at(step);

function groupClips(clips: readonly BatchClip[], weights: BatchPlan['weights']): Group[] {
  if (!weights) return clips.length === 0 ? [] : [{ clips: clips.map((_, index) => index), weight: 1 }];
  return Object.keys(weights)
    .sort()
    .map((name) => ({
      clips: clips.flatMap((clip, index) => (clip.group === name ? [index] : [])),
      weight: weights[name] ?? 0,
    }))
    .filter((group) => group.weight > 0 && group.clips.length > 0);
}

/** Spreads the groups evenly: each turn goes to the group that is furthest behind its share. */
function mixGroups(weights: readonly number[]): { order: Uint16Array; before: Uint32Array; totals: Uint32Array } {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const totals = new Uint32Array(weights.length);
  const order = new Uint16Array(PERIOD);
  const before = new Uint32Array(PERIOD);
  for (let turn = 0; turn < PERIOD; turn++) {
    const behind = weights.map((weight, group) => ((turn + 1) * weight) / sum - (totals[group] ?? 0));
    const chosen = behind.indexOf(Math.max(...behind));
    order[turn] = chosen;
    before[turn] = totals[chosen] ?? 0;
    totals[chosen] = (totals[chosen] ?? 0) + 1;
  }
  return { order, before, totals };
}

/**
 * Collects the crops of a batch from a source of sequences.
 * @param read writes rows [from, from + count) of a clip, [count, width], into `out`
 * @returns values [batch, rows, width], zero behind short clips, and the true lengths
 */
export function readBatch(
  items: readonly BatchItem[],
  rows: number,
  width: number,
  read: (id: string, from: number, count: number, out: Float32Array) => void,
): { values: Float32Array; lengths: Int32Array } {
  const values = new Float32Array(items.length * rows * width);
  items.forEach((item, index) => {
    read(item.id, item.from, item.rows, values.subarray(index * rows * width, (index * rows + item.rows) * width));
  });
  return { values, lengths: Int32Array.from(items, (item) => item.rows) };
}
