import { size } from '../differentiable.ts';
import type { RollFactor } from '../frame-maps.ts';
import type { Tensor, Tf } from '../tensor-types.ts';

/**
 * Roll probabilities [B,F,keys] of video frames on the grid of `latents` latents, differentiable, for joint training: repeated three times, or
 * five times and averaged in pairs, then cut or padded with zeros. → [B,latents,keys]
 */
export function rollOnLatents(tf: Tf, roll: Tensor, factor: RollFactor, latents: number): Tensor {
  const [batch, frames, keys] = [size(roll, 0), size(roll, 1), size(roll, 2)];
  const copies = factor === 3 ? 3 : 5;
  const repeated = tf.tile(tf.reshape(roll, [batch, frames, 1, keys]), [1, 1, copies, 1]);
  const whole = Math.floor(frames * factor);
  const shares = copies / factor;
  const rows = tf.slice(tf.reshape(repeated, [batch, frames * copies, keys]), 0, [batch, whole * shares, keys]);
  const means = shares === 1 ? rows : tf.mean(tf.reshape(rows, [batch, whole, shares, keys]), 2);
  const cut = whole > latents ? tf.slice(means, 0, [batch, latents, keys]) : means;
  return whole < latents
    ? tf.pad(cut, [
        [0, 0],
        [0, latents - whole],
        [0, 0],
      ])
    : cut;
}
