import { reluGradient } from '../backend/native-kernels.ts';
import { at, differentiable } from './differentiable.ts';
import type { Tensor, Tf } from './tensor-types.ts';

/** max(x, 0), of which the result alone is kept for the gradient; the next operation keeps it anyway. */
export const relu = (tf: Tf, x: Tensor): Tensor =>
  differentiable(tf, [x], (x) => {
    const value = tf.relu(x);
    return { value, saved: [value], backward: (dy, saved) => [reluGradient(tf, dy, at(saved, 0))] };
  });
