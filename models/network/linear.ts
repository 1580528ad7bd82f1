import { at, differentiable, size } from './differentiable.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';
import { weight } from './weight.ts';

/** y = x·Wᵀ + b. x [..., in], W [out, in], b [out] → [..., out]. */
export function linear(tf: Tf, x: Tensor, w: Tensor, bias?: Tensor): Tensor {
  const inputs = size(x, -1);
  const outer = x.shape.slice(0, -1);
  return differentiable(tf, bias ? [x, w, bias] : [x, w], (x, w, bias) => {
    const rows = x.rank === 2 ? x : tf.reshape(x, [-1, inputs]);
    const product = tf.matMul(rows, w as Tensor, false, true);
    const y = bias ? tf.add(product, bias) : product;
    return {
      value: x.rank === 2 ? y : tf.reshape(y, [...outer, size(y, -1)]),
      saved: [rows, w as Tensor],
      backward: (dy, [rows, w]) => {
        const dRows = dy.rank === 2 ? dy : tf.reshape(dy, [-1, size(dy, -1)]);
        const dx = tf.matMul(dRows, w as Tensor);
        const gradients = [dy.rank === 2 ? dx : tf.reshape(dx, [...outer, inputs]), tf.matMul(dRows, rows as Tensor, true, false)];
        if (bias) gradients.push(tf.sum(dRows, 0));
        return gradients;
      },
    };
  });
}

/** `linear` with `prefix`.weight and `prefix`.bias. */
export const linearLayer = (tf: Tf, weights: Weights, prefix: string, x: Tensor): Tensor =>
  linear(tf, x, weight(weights, `${prefix}.weight`), weight(weights, `${prefix}.bias`));

/** Several matrices that read the same x as one product: one kernel instead of one each. [out_i, in] → [..., Σ out_i] */
export function packedLinear(tf: Tf, x: Tensor, matrices: readonly Tensor[], bias?: Tensor): Tensor {
  return linear(tf, x, matrices.length === 1 ? at(matrices, 0) : tf.concat([...matrices], 0), bias);
}
