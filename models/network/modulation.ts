import { fusedKernels } from '../backend/index.ts';
import { at, differentiable, size } from './differentiable.ts';
import { packedLinear } from './linear.ts';
import { rmsNorm } from './norm.ts';
import type { Tensor, Tf } from './tensor-types.ts';

const perSample = (tf: Tf, packed: Tensor, parts: number): Tensor[] => {
  const [batch, columns] = [size(packed, 0), size(packed, 1)];
  const rows = tf.reshape(packed, [batch, 1, columns]);
  return parts === 1 ? [rows] : tf.split(rows, parts, -1);
};

/** Gains 1 + W·condition of several adaptive norms. condition [B,d], W [d,d] → [B,1,d] each. */
export const adaptiveGains = (tf: Tf, condition: Tensor, matrices: readonly Tensor[]): Tensor[] =>
  perSample(tf, tf.add(packedLinear(tf, condition, matrices), 1), matrices.length);

/** Output gates sigmoid(W·condition + b). condition [B,d] → [B,1,d] each. Called AdaLN-Zero in the released code, but never zero. */
export function outputGates(tf: Tf, condition: Tensor, matrices: readonly Tensor[], biases: readonly Tensor[]): Tensor[] {
  const bias = biases.length === 1 ? at(biases, 0) : tf.concat([...biases], 0);
  return perSample(tf, tf.sigmoid(packedLinear(tf, condition, matrices, bias)), matrices.length);
}

/** AdaptiveRMSNorm: x/‖x‖·√d·(1 + W·condition). x [B,T,d], condition [B,d]. */
export const adaptiveRmsNorm = (tf: Tf, x: Tensor, condition: Tensor, matrix: Tensor): Tensor =>
  rmsNorm(tf, x, at(adaptiveGains(tf, condition, [matrix]), 0));

/** h + gate ⊙ y. h and y [B,T,d], gate [B,1,d]. */
export function gatedResidual(tf: Tf, h: Tensor, gate: Tensor, y: Tensor): Tensor {
  const fused = fusedKernels(tf);
  if (fused) {
    return differentiable(tf, [h, gate, y], (...inputs) => ({
      value: at(fused('GatedSum', inputs), 0),
      saved: inputs.slice(1),
      backward: (dy, saved) => [tf.clone(dy), ...fused('GatedSumGradient', [dy, ...saved])],
    }));
  }
  return differentiable(tf, [h, gate, y], (h, gate, y) => ({
    value: tf.add(h, tf.mul(gate as Tensor, y as Tensor)),
    saved: [gate as Tensor, y as Tensor],
    backward: (dy, [gate, y]) => [tf.clone(dy), tf.sum(tf.mul(dy, y as Tensor), 1, true), tf.mul(dy, gate as Tensor)],
  }));
}

/** x + y of one shape: the library's own gradient would reshape twice. */
export const residual = (tf: Tf, x: Tensor, y: Tensor): Tensor =>
  differentiable(tf, [x, y], (x, y) => ({ value: tf.add(x, y as Tensor), saved: [], backward: (dy) => [tf.clone(dy), tf.clone(dy)] }));
