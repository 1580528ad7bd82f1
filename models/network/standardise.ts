import { at, differentiable } from './differentiable.ts';
import type { Tensor, Tf } from './tensor-types.ts';

/** (x − μ)/√(σ² + ε) with mean and biased variance over `axes`, which keep size 1 in both; any shape. */
export function standardise(
  tf: Tf,
  x: Tensor,
  axes: readonly number[],
  epsilon: number,
): { value: Tensor; mean: Tensor; variance: Tensor } {
  const { mean, variance } = tf.moments(x, [...axes], true);
  const value = differentiable(tf, [x], (x) => {
    const scale = tf.rsqrt(tf.add(variance, epsilon));
    const unit = tf.mul(tf.sub(x, mean), scale);
    return {
      value: unit,
      saved: [unit, scale],
      backward: (dy, saved) => {
        const [unit, scale] = [at(saved, 0), at(saved, 1)];
        const along = tf.mul(unit, tf.mean(tf.mul(dy, unit), [...axes], true));
        return [tf.mul(tf.sub(tf.sub(dy, tf.mean(dy, [...axes], true)), along), scale)];
      },
    };
  });
  return { value, mean, variance };
}
