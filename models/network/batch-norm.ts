import { fusedBatchNorm } from '../backend/fused-batch-norm.ts';
import { at, differentiable, size } from './differentiable.ts';
import { standardise } from './standardise.ts';
import type { Tensor, Tf } from './tensor-types.ts';

/** Share of the batch in new running estimates, torch's default. */
const MOMENTUM = 0.1;

/** All [C]. */
export interface NormWeights {
  readonly scale: Tensor;
  readonly offset: Tensor;
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;
}

/** Batch norm (Ioffe & Szegedy 2015) by the running estimates. [B,H,W,C] → [B,H,W,C] */
export function normaliseByEstimates(
  tf: Tf,
  x: Tensor,
  { scale, offset, runningMean, runningVariance }: NormWeights,
  epsilon: number,
): Tensor {
  const gain = tf.mul(scale, tf.rsqrt(tf.add(runningVariance, epsilon)));
  return tf.add(tf.mul(x, gain), tf.sub(offset, tf.mul(runningMean, gain)));
}

/**
 * Batch norm by the batch's own mean and biased variance. The new running estimates take a tenth of the batch's mean and unbiased
 * variance; no gradient flows through them. [B,H,W,C] → [B,H,W,C]
 */
export function normaliseByBatch(tf: Tf, x: Tensor, { scale, offset, runningMean, runningVariance }: NormWeights, epsilon: number) {
  const { value, mean, variance } = fused(tf, x, scale, offset, epsilon) ?? composed(tf, x, scale, offset, epsilon);
  const moved = (old: Tensor, now: Tensor) => tf.add(old, tf.mul(tf.sub(now, old), MOMENTUM));
  return { value, runningMean: moved(runningMean, mean), runningVariance: moved(runningVariance, variance) };
}

function fused(tf: Tf, x: Tensor, scale: Tensor, offset: Tensor, epsilon: number) {
  const kernel = fusedBatchNorm(tf, epsilon);
  if (!kernel) return undefined;
  const { value, mean, variance, saved } = kernel.forward(x, scale, offset);
  // A direct call of a kernel leaves no trace on the gradient tape; this is its gradient.
  const taped = differentiable(tf, [x, scale, offset], (x, scale) => ({
    value: tf.clone(value),
    saved: [x, scale as Tensor, ...saved],
    backward: (dy, saved) => kernel.backward(dy, at(saved, 0), at(saved, 1), saved.slice(2)),
  }));
  return { value: taped, mean, variance };
}

function composed(tf: Tf, x: Tensor, scale: Tensor, offset: Tensor, epsilon: number) {
  const unit = standardise(tf, x, [0, 1, 2], epsilon);
  const count = x.size / size(x, 3);
  return {
    value: tf.add(tf.mul(unit.value, scale), offset),
    mean: tf.reshape(unit.mean, [-1]),
    variance: tf.mul(tf.reshape(unit.variance, [-1]), count / Math.max(1, count - 1)),
  };
}
