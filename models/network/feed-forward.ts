import { after } from '../backend/index.ts';
import { at, differentiable, size } from './differentiable.ts';
import { linear } from './linear.ts';
import { feedForwardNames } from './names.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';
import { weight } from './weight.ts';

/** 2·Φ(x) of the standard normal distribution. */
const doubleCumulative = (tf: Tf, x: Tensor): Tensor => tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1);

/**
 * (value ⊙ GELU(gate))·Wᵀ + b of [value, gate] along the last axis, with the exact (erf) GELU. x [n, 2·inner], W [out, inner], b [out] → [n, out]
 * Only value and gate are kept, the widest tensors of a layer; what is made of them is made again. They are gone over as seldom as can be:
 * with twice the GELU and half of W.
 */
export function gatedLinear(tf: Tf, x: Tensor, w: Tensor, bias: Tensor): Tensor {
  return differentiable(tf, [x, w, bias], (x, w, bias) => {
    const [value, gate] = tf.split(x, 2, -1) as [Tensor, Tensor];
    const half = tf.mul(w as Tensor, 0.5);
    const product = tf.mul(value, tf.mul(gate, doubleCumulative(tf, gate)));
    return {
      value: tf.add(tf.matMul(product, half, false, true), bias as Tensor),
      saved: [value, gate, half],
      backward: (dy, saved) => {
        const [value, gate, half] = [at(saved, 0), after(tf, at(saved, 1), dy), at(saved, 2)];
        const cumulative = doubleCumulative(tf, gate);
        const activated = tf.mul(gate, cumulative);
        // GELU'(g) = Φ(g) + g·φ(g); with s = g/√2: 2·g·φ(g) = s·e^(−s²)·2/√π
        const scaled = tf.mul(gate, Math.SQRT1_2);
        const density = tf.exp(tf.sub(Math.log(2 / Math.sqrt(Math.PI)), tf.square(scaled)));
        const slope = tf.add(cumulative, tf.mul(scaled, density));
        const dProduct = tf.matMul(dy, half);
        return [
          tf.concat([tf.mul(dProduct, activated), tf.mul(tf.mul(dProduct, value), slope)], -1),
          tf.mul(tf.matMul(dy, tf.mul(value, activated), true, false), 0.5),
          tf.sum(dy, 0),
        ];
      },
    };
  });
}

/** Linear(d → 8d), GEGLU, Linear(4d → d). [B,T,d] → [B,T,d] */
export function feedForward(tf: Tf, weights: Weights, prefix: string, x: Tensor): Tensor {
  const name = feedForwardNames(prefix);
  const rows = tf.reshape(x, [-1, size(x, -1)]);
  const inner = linear(tf, rows, weight(weights, name.inner), weight(weights, name.innerBias));
  return tf.reshape(gatedLinear(tf, inner, weight(weights, name.outer), weight(weights, name.outerBias)), x.shape);
}
