import { fusedKernels } from '../backend/index.ts';
import { differentiable, size } from './differentiable.ts';
import type { Tensor, Tf } from './tensor-types.ts';

const SMALLEST_NORM = 1e-12;

/**
 * Root-mean-square norm y = x/max(‖x‖₂, 10⁻¹²)·√d·gain.
 * x [B,T,d]; gain [d] (RMSNorm) or [B,1,d] (AdaptiveRMSNorm, gain = 1 + W·condition).
 */
export function rmsNorm(tf: Tf, x: Tensor, gain: Tensor): Tensor {
  const width = size(x, -1);
  const fused = fusedKernels(tf);
  if (fused) {
    return differentiable(tf, [x, gain], (x, gain) => {
      const [value, scale] = fused('RmsNorm', [x, gain as Tensor]);
      return {
        value: value as Tensor,
        saved: [x, scale as Tensor, gain as Tensor],
        backward: (dy, saved) => fused('RmsNormGradient', [dy, ...saved]),
      };
    });
  }
  return differentiable(tf, [x, gain], (x, gain) => {
    const norm = tf.maximum(tf.sqrt(tf.sum(tf.square(x), -1, true)), SMALLEST_NORM);
    const scale = tf.div(Math.sqrt(width), norm);
    const unit = tf.mul(x, scale);
    return {
      value: tf.mul(unit, gain as Tensor),
      saved: [unit, scale, gain as Tensor],
      backward: (dy, [unit, scale, gain]) => {
        const [u, g] = [unit as Tensor, gain as Tensor];
        const inner = tf.mul(dy, g);
        const along = tf.mean(tf.mul(inner, u), -1, true);
        const dx = tf.mul(tf.sub(inner, tf.mul(u, along)), scale as Tensor);
        const dGain = tf.mul(dy, u);
        return [dx, g.rank === 1 ? tf.sum(dGain, [0, 1]) : tf.sum(dGain, 1, true)];
      },
    };
  });
}
