import { fusedKernels } from '../backend/index.ts';
import { differentiable, size } from './differentiable.ts';
import { silu } from './silu.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';
import { weight } from './weight.ts';

/**
 * Depthwise convolution over time, zero padding at both ends, then SiLU.
 * x [B,T,d], kernel [d,1,taps], bias [d], mask [B,T,1] (1 = valid; padded rows neither speak nor answer) → [B,T,d].
 */
export function depthwiseConvolution(tf: Tf, weights: Weights, prefix: string, x: Tensor, mask?: Tensor): Tensor {
  const [batch, time, width] = [size(x, 0), size(x, 1), size(x, 2)];
  const kernel = weight(weights, `${prefix}.weight`);
  const bias = weight(weights, `${prefix}.bias`);
  const fused = fusedKernels(tf);
  if (fused) {
    const taps = tf.reshape(tf.transpose(kernel, [2, 1, 0]), [size(kernel, 2), width]);
    const valid = mask ? tf.reshape(mask, [batch, time]) : tf.zeros([0]);
    return differentiable(tf, [x, taps, bias], (x, taps, bias) => {
      const [value, inner] = fused('Depthwise', [x, taps as Tensor, bias as Tensor, valid]);
      return {
        value: value as Tensor,
        saved: [x, inner as Tensor, taps as Tensor, valid],
        backward: (dy, saved) => fused('DepthwiseGradient', [dy, ...saved]),
      };
    });
  }
  // Time runs along the height: the backward pass is 1.7 times as fast as along the width.
  const filter = tf.transpose(kernel, [2, 1, 0]).as4D(size(kernel, 2), 1, width, 1);
  const image = (mask ? tf.mul(x, mask) : x).as4D(batch, time, 1, width);
  const filtered = tf.reshape(tf.depthwiseConv2d(image, filter, 1, 'same'), [batch, time, width]);
  const y = silu(tf, filtered, bias);
  return mask ? tf.mul(y, mask) : y;
}
