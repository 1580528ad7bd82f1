import { size } from './differentiable.ts';
import type { Tensor, Tf } from './tensor-types.ts';

export interface ConvolutionSizes {
  readonly stride?: number;
  /** Zeros at each border. */
  readonly padding?: number;
  /** As torch's ConvTranspose2d, whose kernel is [in,out,kh,kw]; only without a stride and with a border that keeps the grid. */
  readonly transposed?: boolean;
}

/** Cross-correlation as torch's Conv2d. x [B,H,W,C], kernel [out,in,kh,kw] → [B,H',W',out]. */
export function convolution(
  tf: Tf,
  x: Tensor,
  kernel: Tensor,
  { stride = 1, padding = 0, transposed = false }: ConvolutionSizes = {},
): Tensor {
  // The gradient of a convolution that keeps the grid is the convolution with the kernel turned around.
  const filter = transposed ? tf.reverse(tf.transpose(kernel, [2, 3, 0, 1]), [0, 1]) : tf.transpose(kernel, [2, 3, 1, 0]);
  const [rows, columns, inputs, outputs] = [size(filter, 0), size(filter, 1), size(filter, 2), size(filter, 3)];
  const { input, pad } = padded(tf, x, rows, stride, padding);
  return tf.conv2d(input, filter.as4D(rows, columns, inputs, outputs), stride, pad);
}

/** Largest of 3×3 with stride 2, as torch's MaxPool2d(3, 2, 1). No value of x may be below 0: the border is zeros. [B,H,W,C] → [B,⌈H/2⌉,⌈W/2⌉,C] */
export function halvingMaxPool(tf: Tf, x: Tensor): Tensor {
  const { input, pad } = padded(tf, x, 3, 2, 1);
  return tf.maxPool(input, 3, 2, pad);
}

/** TensorFlow pads inside its kernel, but an odd zero too many goes to the end; where that would not be torch's border, zeros are put on before. */
function padded(tf: Tf, x: Tensor, taps: number, stride: number, padding: number) {
  const [batch, height, width, channels] = [size(x, 0), size(x, 1), size(x, 2), size(x, 3)];
  if (padding === 0) return { input: x.as4D(batch, height, width, channels), pad: 'valid' as const };
  const centred = taps === 2 * padding + 1 && (stride === 1 || (stride === 2 && height % 2 === 1 && width % 2 === 1));
  if (centred) return { input: x.as4D(batch, height, width, channels), pad: 'same' as const };
  const border: [number, number] = [padding, padding];
  return {
    input: tf.pad(x, [[0, 0], border, border, [0, 0]]).as4D(batch, height + 2 * padding, width + 2 * padding, channels),
    pad: 'valid' as const,
  };
}
