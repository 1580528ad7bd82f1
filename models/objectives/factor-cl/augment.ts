import type { Tensor, Tf } from '../../network/tensor-types.ts';

/**
 * How a second view of a clip is made. It has to keep what audio and video share (unique augmentation, arXiv 2306.05268), so events
 * must not move: both streams are looked at a few frames aside (`jitterWindows`, one draw for both) and get a little noise.
 */
export interface UniqueAugmentation {
  /** Most frames aside; 2 are 27 ms of latents. */
  readonly jitterFrames: number;
  /** Deviation of the noise, in root mean squares of the vector it is added to. */
  readonly noise: number;
}
export const UNIQUE_AUGMENTATION: UniqueAugmentation = { jitterFrames: 2, noise: 0.1 };

/** Features with noise. features and noise [..., d], noise standard normal. */
export function addNoise(tf: Tf, features: Tensor, noise: Tensor, strength: number): Tensor {
  const rootMeanSquare = tf.sqrt(tf.maximum(tf.mean(tf.square(features), -1, true), 1e-24));
  return tf.add(features, tf.mul(tf.mul(noise, rootMeanSquare), strength));
}
