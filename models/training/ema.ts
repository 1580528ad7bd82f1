import type { Tensor, Tf } from '../network/tensor-types.ts';

/**
 * Averages of the weights over training. `constant`: one decay, smaller in the first steps.
 * `power`: decay (1 − 1/t)^(γ+1), whose width grows with training (Karras et al. 2024, arXiv 2312.02696).
 * Both depend on the number of updates, which therefore belongs into the checkpoint.
 */
export type EmaOptions = { readonly kind: 'constant'; readonly decay: number } | { readonly kind: 'power'; readonly gamma: number };

/** Decay of update t = 1, 2, … */
export function emaDecay(options: EmaOptions, update: number): number {
  if (options.kind === 'power') return (1 - 1 / update) ** (options.gamma + 1);
  return Math.min(options.decay, update / (10 + update));
}

/** average ← average + share·(weights − average), where share = 1 − decay. */
export const ema = (tf: Tf, average: Tensor, weights: Tensor, share: Tensor | number): Tensor =>
  tf.add(average, tf.mul(tf.sub(weights, average), share));
