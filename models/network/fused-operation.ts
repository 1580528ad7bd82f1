import type { fusedKernels } from '../backend/index.ts';
import { at, differentiable } from './differentiable.ts';
import type { Tensor, Tf } from './tensor-types.ts';

export type Fused = NonNullable<ReturnType<typeof fusedKernels>>;

/** A fused kernel whose gradient reads what it read itself: `inputs`, by which there are gradients, then `given`. */
export const fusedOperation = (
  tf: Tf,
  fused: Fused,
  kernel: 'Geglu' | 'SelfAttention' | 'CrossAttention',
  inputs: readonly Tensor[],
  given: readonly Tensor[] = [],
): Tensor =>
  differentiable(tf, inputs, (...inputs) => ({
    value: at(fused(kernel, [...inputs, ...given]), 0),
    saved: [...inputs, ...given],
    backward: (dy, saved) => fused(`${kernel}Gradient`, [dy, ...saved]),
  }));
