import { hash32, uniform } from '../../../numeric/random.ts';
import type { Clip } from '../tasks.ts';

/** A clip and the latent frame at which a stretch of it begins. */
export interface Window {
  readonly clip: Clip;
  readonly from: number;
}

/**
 * Picks `count` stretches of `frames` latent frames that don't overlap: the first of every clip, then the second of those that are long enough, and so on.
 * Within a turn the order is drawn by (seed, id), so that another clip more or less moves no draw.
 */
export function chooseWindows(
  clips: readonly Clip[],
  lengthOf: (id: string) => number,
  frames: number,
  count: number,
  seed: number,
): Window[] {
  const draw = ({ id }: Clip) => uniform({ seed, purpose: 'reference', sample: hash32(id) }, 1)[0] ?? 0;
  const order = [...clips].sort((a, b) => draw(a) - draw(b) || (a.id < b.id ? -1 : 1));
  const chosen: Window[] = [];
  for (let turn = 0; chosen.length < count; turn++) {
    const long = order.filter(({ id }) => lengthOf(id) >= (turn + 1) * frames);
    if (long.length === 0) break;
    chosen.push(...long.map((clip) => ({ clip, from: turn * frames })));
  }
  return chosen.slice(0, count);
}
