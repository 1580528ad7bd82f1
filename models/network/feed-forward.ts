import { differentiable } from './differentiable.ts';
import { linear } from './linear.ts';
import { feedForwardNames } from './names.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';
import { weight } from './weight.ts';

/** value ⊙ GELU(gate) of [value, gate] along the last axis, with the exact (erf) GELU. [..., 2d] → [..., d] */
export function geglu(tf: Tf, x: Tensor): Tensor {
  return differentiable(tf, [x], (x) => {
    const [value, gate] = tf.split(x, 2, -1) as [Tensor, Tensor];
    const cumulative = tf.mul(tf.add(tf.erf(tf.mul(gate, Math.SQRT1_2)), 1), 0.5);
    return {
      value: tf.mul(value, tf.mul(gate, cumulative)),
      saved: [value, gate, cumulative],
      backward: (dy, saved) => {
        const [value, gate, cumulative] = saved as [Tensor, Tensor, Tensor];
        const density = tf.mul(tf.exp(tf.mul(tf.square(gate), -0.5)), 1 / Math.sqrt(2 * Math.PI));
        const slope = tf.add(cumulative, tf.mul(gate, density));
        return [tf.concat([tf.mul(dy, tf.mul(gate, cumulative)), tf.mul(tf.mul(dy, value), slope)], -1)];
      },
    };
  });
}

/** Linear(d → 8d), GEGLU, Linear(4d → d). [B,T,d] → [B,T,d] */
export function feedForward(tf: Tf, weights: Weights, prefix: string, x: Tensor): Tensor {
  const name = feedForwardNames(prefix);
  const inner = geglu(tf, linear(tf, x, weight(weights, name.inner), weight(weights, name.innerBias)));
  return linear(tf, inner, weight(weights, name.outer), weight(weights, name.outerBias));
}
