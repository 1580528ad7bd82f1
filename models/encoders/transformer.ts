import type { Tensor, Tf } from '../backend/index.ts';
import type { Weights } from './folder.ts';

/** Parts of transformers as torch keeps them, each by the name of its module. Maps hold [out,in]. */

/** Layer norm over the last axis. */
export function normalise(tf: Tf, epsilon: number, weights: Weights, name: string, x: Tensor): Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  // In another order TensorFlow takes a graph of it for its own layer norm, whose epsilon it sets to 0.001 whatever this one is.
  const scale = tf.mul(tf.rsqrt(tf.add(variance, epsilon)), weights(`${name}.weight`));
  return tf.add(tf.mul(tf.sub(x, mean), scale), weights(`${name}.bias`));
}

/** x [B,width] times a weight, without bias. */
export const project = (tf: Tf, x: Tensor, weight: Tensor): Tensor => tf.matMul(x, weight, false, true);

/** x [B,T,width] → [B,T,out]. */
export function linear(tf: Tf, weights: Weights, name: string, x: Tensor): Tensor {
  const [batch = 0, length = 0, width = 0] = x.shape;
  const y = tf.add(project(tf, tf.reshape(x, [batch * length, width]), weights(`${name}.weight`)), weights(`${name}.bias`));
  return tf.reshape(y, [batch, length, y.shape[1] ?? 0]);
}

/** Modules of an attention. */
export interface AttentionNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly output: string;
}

/** Attention over x [B,T,width]; `mask`, of a shape that spreads to [B,heads,T,T], is added to the scores. */
export function attend(tf: Tf, heads: number, weights: Weights, names: AttentionNames, x: Tensor, mask?: Tensor): Tensor {
  const [batch = 0, length = 0, width = 0] = x.shape;
  const each = width / heads;
  const split = (name: string) => tf.transpose(tf.reshape(linear(tf, weights, name, x), [batch, length, heads, each]), [0, 2, 1, 3]);
  const scores = tf.mul(tf.matMul(split(names.query), split(names.key), false, true), each ** -0.5);
  const mixed = tf.matMul(tf.softmax(mask ? tf.add(scores, mask) : scores), split(names.value));
  return linear(tf, weights, names.output, tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch, length, width]));
}

/** GELU by the error function. */
export const gelu = (tf: Tf, x: Tensor): Tensor => tf.mul(x, tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5));
