import type { Tensor, Tf } from '../network/tensor-types.ts';

/** Adam as PyTorch has it (Kingma & Ba 2015): ε after the square root of the corrected moment, no weight decay. */
export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}
export const TORCH_ADAM: AdamOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** First and second moment, each the same shape as the gradient. */
export interface Moments {
  readonly first: Tensor;
  readonly second: Tensor;
}

/** What changes from step to step, as numbers or as scalars of a compiled step. */
export interface AdamScalars<Scalar = number> {
  /** Learning rate over the first moment's bias correction, η/(1 − β₁^t). */
  readonly rate: Scalar;
  /** √(1 − β₂^t) */
  readonly correction: Scalar;
}

/** `update` counts from 1 and only counts applied updates; `rate` is the learning rate. */
export const adamScalars = ({ beta1, beta2 }: AdamOptions, update: number, rate: number): AdamScalars => ({
  rate: rate / (1 - beta1 ** update),
  correction: Math.sqrt(1 - beta2 ** update),
});

export const firstMoment = (tf: Tf, { beta1 }: AdamOptions, first: Tensor, gradient: Tensor): Tensor =>
  tf.add(first, tf.mul(tf.sub(gradient, first), 1 - beta1));

export const secondMoment = (tf: Tf, { beta2 }: AdamOptions, second: Tensor, gradient: Tensor): Tensor =>
  tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2));

/** What is added to the weights, by the new moments. */
export function adamChange(
  tf: Tf,
  { epsilon }: AdamOptions,
  { first, second }: Moments,
  { rate, correction }: AdamScalars<Tensor | number>,
): Tensor {
  const denominator = tf.add(tf.div(tf.sqrt(second), correction), epsilon);
  return tf.neg(tf.mul(tf.div(first, denominator), rate));
}

/** One step, pure: new moments and the change of the weights. */
export function adam(tf: Tf, options: AdamOptions, moments: Moments, gradient: Tensor, scalars: AdamScalars<Tensor | number>) {
  const next: Moments = {
    first: firstMoment(tf, options, moments.first, gradient),
    second: secondMoment(tf, options, moments.second, gradient),
  };
  return { ...next, change: adamChange(tf, options, next, scalars) };
}

/** Factor that brings gradients of the global norm `norm` to at most `limit`, as torch's clip_grad_norm_. */
export const clipFactor = (norm: number, limit: number): number => Math.min(1, limit / (norm + 1e-6));
