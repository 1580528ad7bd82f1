import type { Tensor, Tf } from '../network/tensor-types.ts';

/** Vectors along the last axis, brought to length 1; zero vectors stay zero and get no gradient. */
export const unitVectors = (tf: Tf, x: Tensor): Tensor => tf.div(x, tf.sqrt(tf.maximum(tf.sum(tf.square(x), -1, true), 1e-24)));
