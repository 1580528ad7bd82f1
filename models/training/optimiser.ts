import { fusedKernels } from '../backend/index.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';

/** Adam as PyTorch has it (Kingma & Ba 2015): ε after the square root of the corrected moment. */
export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Above 0 AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101): weights shrink by this share of the learning rate at every step. */
  readonly weightDecay?: number;
}
export const TORCH_ADAM: AdamOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** First and second moment, each the same shape as the gradient. */
export interface Moments {
  readonly first: Tensor;
  readonly second: Tensor;
}

/** What changes from step to step, as numbers or as scalars of a compiled step. */
export interface AdamScalars<Scalar = number> {
  /** Learning rate over the first moment's bias correction, times the root of the second's: η·√(1 − β₂^t)/(1 − β₁^t). */
  readonly rate: Scalar;
  /** ε·√(1 − β₂^t): the root of the moment is corrected nowhere else. */
  readonly epsilon: Scalar;
}

/** `update` counts from 1 and only counts applied updates; `rate` is the learning rate. */
export function adamScalars({ beta1, beta2, epsilon }: AdamOptions, update: number, rate: number): AdamScalars {
  const correction = Math.sqrt(1 - beta2 ** update);
  return { rate: (rate * correction) / (1 - beta1 ** update), epsilon: epsilon * correction };
}

/** The moments by a gradient times `factor`. As few passes over all weights as can be: an update waits for memory alone. */
export function firstMoment(tf: Tf, { beta1 }: AdamOptions, first: Tensor, gradient: Tensor, factor: Tensor | number): Tensor {
  const share = tf.mul(factor, 1 - beta1);
  const fused = fusedKernels(tf)?.('Blend', [first, gradient, tf.scalar(beta1), share]);
  return fused?.[0] ?? tf.add(tf.mul(first, beta1), tf.mul(gradient, share));
}

export function secondMoment(tf: Tf, { beta2 }: AdamOptions, second: Tensor, gradient: Tensor, factor: Tensor | number): Tensor {
  const share = tf.mul(tf.square(factor), 1 - beta2);
  const fused = fusedKernels(tf)?.('BlendSquare', [second, gradient, tf.scalar(beta2), share]);
  return fused?.[0] ?? tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), share));
}

/** What is taken from the weights, by the new moments. */
export const adamChange = (tf: Tf, { first, second }: Moments, { rate, epsilon }: AdamScalars<Tensor | number>): Tensor =>
  tf.mul(tf.div(first, tf.add(tf.sqrt(second), epsilon)), rate);

/** The weights after a step by the new moments; `kept` is the share of them that a decay leaves. */
export function adamStep(
  tf: Tf,
  weights: Tensor,
  { first, second }: Moments,
  { rate, epsilon }: AdamScalars<Tensor>,
  kept: Tensor,
): Tensor {
  const fused = fusedKernels(tf)?.('Adam', [weights, first, second, rate, epsilon, kept]);
  return fused?.[0] ?? tf.sub(tf.mul(weights, kept), adamChange(tf, { first, second }, { rate, epsilon }));
}

/** One step, pure: new moments and what is taken from the weights. */
export function adam(tf: Tf, options: AdamOptions, moments: Moments, gradient: Tensor, scalars: AdamScalars<Tensor | number>) {
  const next: Moments = {
    first: firstMoment(tf, options, moments.first, gradient, 1),
    second: secondMoment(tf, options, moments.second, gradient, 1),
  };
  return { ...next, change: adamChange(tf, next, scalars) };
}

/** Factor that brings gradients of the global norm `norm` to at most `limit`, as torch's clip_grad_norm_. */
export const clipFactor = (norm: number, limit: number): number => Math.min(1, limit / (norm + 1e-6));
