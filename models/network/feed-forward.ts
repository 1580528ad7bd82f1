import { fusedKernels } from '../backend/index.ts';
import { at, differentiable, size } from './differentiable.ts';
import { fusedOperation } from './fused-operation.ts';
import { linear } from './linear.ts';
import { feedForwardNames } from './names.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';
import { weight } from './weight.ts';

/**
 * (value ⊙ GELU(√2·gate))·Wᵀ + b with the exact (erf) GELU: √2·g·Φ(√2·g) = g·(1 + erf g)/√2. value and gate [n, inner], W [out, inner], b [out] → [n, out]
 * The widest tensors of a layer are gone over as seldom as can be: whoever makes the gate divides its matrix by √2, W is divided here, and three
 * tensors are kept of which the gradients are one product each, in place of value and gate.
 */
export function gatedLinear(tf: Tf, value: Tensor, gate: Tensor, w: Tensor, bias: Tensor): Tensor {
  return differentiable(tf, [value, gate, w, bias], (value, gate, w, bias) => {
    const scaled = tf.mul(w as Tensor, Math.SQRT1_2);
    const cumulative = tf.add(tf.erf(gate as Tensor), 1);
    const activated = tf.mul(gate as Tensor, cumulative);
    // d/dg g·(1 + erf g) = 1 + erf g + g·e^(−g²)·2/√π
    const density = tf.exp(tf.sub(Math.log(2 / Math.sqrt(Math.PI)), tf.square(gate as Tensor)));
    const slope = tf.mul(value, tf.add(cumulative, tf.mul(gate as Tensor, density)));
    const product = tf.mul(value, activated);
    return {
      value: tf.add(tf.matMul(product, scaled, false, true), bias as Tensor),
      saved: [activated, slope, product, scaled],
      backward: (dy, saved) => {
        const [activated, slope, product, scaled] = [at(saved, 0), at(saved, 1), at(saved, 2), at(saved, 3)];
        const dProduct = tf.matMul(dy, scaled);
        const dw = tf.mul(tf.matMul(dy, product, true, false), Math.SQRT1_2);
        return [tf.mul(dProduct, activated), tf.mul(dProduct, slope), dw, tf.sum(dy, 0)];
      },
    };
  });
}

/** Linear(d → 8d), GEGLU, Linear(4d → d). [B,T,d] → [B,T,d] Without the fused kernel the first as two products: their matrix is cheaper to cut than what they make. */
export function feedForward(tf: Tf, weights: Weights, prefix: string, x: Tensor): Tensor {
  const name = feedForwardNames(prefix);
  const rows = tf.reshape(x, [-1, size(x, -1)]);
  const fused = fusedKernels(tf);
  if (fused) {
    const packed = linear(tf, rows, weight(weights, name.inner));
    const activated = fusedOperation(tf, fused, 'Geglu', [packed, weight(weights, name.innerBias)]);
    return tf.reshape(linear(tf, activated, weight(weights, name.outer), weight(weights, name.outerBias)), x.shape);
  }
  const [matrix, gateMatrix] = tf.split(weight(weights, name.inner), 2, 0) as [Tensor, Tensor];
  const [bias, gateBias] = tf.split(weight(weights, name.innerBias), 2, 0) as [Tensor, Tensor];
  const value = linear(tf, rows, matrix, bias);
  const gate = linear(tf, rows, tf.mul(gateMatrix, Math.SQRT1_2), tf.mul(gateBias, Math.SQRT1_2));
  return tf.reshape(gatedLinear(tf, value, gate, weight(weights, name.outer), weight(weights, name.outerBias)), x.shape);
}
