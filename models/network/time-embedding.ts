import { linearLayer } from './linear.ts';
import { FOURIER, TIME } from './names.ts';
import { silu } from './silu.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';
import { weight } from './weight.ts';

/** Random Fourier features [t, sin 2πtw, cos 2πtw]. time [B], w [d/2] → [B, d+1] */
export function fourierFeatures(tf: Tf, time: Tensor, frequencies: Tensor): Tensor {
  const column = tf.reshape(time, [-1, 1]);
  const angles = tf.mul(tf.mul(column, tf.reshape(frequencies, [1, -1])), 2 * Math.PI);
  return tf.concat([column, tf.sin(angles), tf.cos(angles)], 1);
}

/** SiLU(Linear(Fourier features)): what the audio stream is conditioned on. time [B] → [B,d] */
export const timeEmbedding = (tf: Tf, weights: Weights, time: Tensor): Tensor =>
  silu(tf, linearLayer(tf, weights, TIME, fourierFeatures(tf, time, weight(weights, FOURIER))));
