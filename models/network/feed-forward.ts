import { differentiable } from './differentiable.ts';
import { linear } from './linear.ts';
import { feedForwardNames } from './names.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';
import { weight } from './weight.ts';

/** value ⊙ GELU(gate) of [value, gate] along the last axis, with the exact (erf) GELU. [..., 2d] → [..., d] */
export function geglu(tf: Tf, x: Tensor): Tensor {
  return differentiable(tf, [x], (x) => {
    const [value, gate] = tf.split(x, 2, -1) as [Tensor, Tensor];
    const scaled = tf.mul(gate, Math.SQRT1_2);
    const cumulative = tf.mul(tf.add(tf.erf(scaled), 1), 0.5);
    const activated = tf.mul(gate, cumulative);
    return {
      value: tf.mul(value, activated),
      saved: [value, scaled, cumulative, activated],
      backward: (dy, saved) => {
        const [value, scaled, cumulative, activated] = saved as [Tensor, Tensor, Tensor, Tensor];
        // GELU'(g) = Φ(g) + g·φ(g), and with s = g/√2: g·φ(g) = s·e^(−s²)/√π
        const density = tf.exp(tf.sub(-0.5 * Math.log(Math.PI), tf.square(scaled)));
        const slope = tf.add(cumulative, tf.mul(scaled, density));
        return [tf.concat([tf.mul(dy, activated), tf.mul(tf.mul(dy, value), slope)], -1)];
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
