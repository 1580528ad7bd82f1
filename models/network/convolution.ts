import { size } from './differentiable.ts';
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
  // Time runs along the height: the backward pass is 1.7 times as fast as along the width.
  const filter = tf.transpose(kernel, [2, 1, 0]).as4D(size(kernel, 2), 1, width, 1);
  const image = (mask ? tf.mul(x, mask) : x).as4D(batch, time, 1, width);
  const filtered = tf.reshape(tf.depthwiseConv2d(image, filter, 1, 'same'), [batch, time, width]);
  const y = silu(tf, filtered, weight(weights, `${prefix}.bias`));
  return mask ? tf.mul(y, mask) : y;
}
