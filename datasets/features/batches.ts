import { shuffled, uniform } from '../../numeric/random.ts';

/** One row of a batch: which clip, and from which of its frames on. */
export interface Draw {
  readonly clip: number;
  readonly start: number;
}

/**
 * The rows of the batch of a step: a pure function of its arguments, so a resumed run sees the same data.
 * Every clip comes once an epoch in an order drawn anew; a longer clip is cropped at a random place.
 * @param lengths frames of every clip
 * @param frames length of a crop; shorter clips start at 0 and are padded by the caller
 */
export function drawBatch(lengths: readonly number[], options: { seed: number; step: number; batch: number; frames: number }): Draw[] {
  const { seed, step, batch, frames } = options;
  const orders = new Map<number, Uint32Array>();
  return Array.from({ length: batch }, (_, row) => {
    const position = step * batch + row;
    const epoch = Math.floor(position / lengths.length);
    const order = orders.get(epoch) ?? shuffled({ seed, purpose: 'order', step: epoch }, lengths.length);
    orders.set(epoch, order);
    const clip = order[position % lengths.length] ?? 0;
    const spare = Math.max(0, (lengths[clip] ?? 0) - frames);
    const [chance = 0] = uniform({ seed, purpose: 'crop', step, sample: row }, 1);
    return { clip, start: Math.floor(chance * (spare + 1)) };
  });
}
