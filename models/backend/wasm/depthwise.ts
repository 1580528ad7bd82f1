import type { TensorInfo } from '@tensorflow/tfjs';
import type { Tf } from '../types.ts';
import { registerKernel } from './kernel.ts';

interface DepthwiseAttrs {
  readonly strides: [number, number] | number;
  readonly dilations: [number, number] | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}
type Shape4 = [number, number, number, number];

/** Gradients of depthwiseConv2d by its input and by its filter, which the library lacks. */
export function registerDepthwiseGradients(tf: Tf): void {
  registerKernel<{ x: TensorInfo; dy: TensorInfo }, DepthwiseAttrs & { filterShape: Shape4 }>(
    tf,
    'DepthwiseConv2dNativeBackpropFilter',
    ({ inputs, attrs, backend }) => {
      const out = backend.makeOutput([...attrs.filterShape], 'float32');
      const filter = backend.typedArrayFromHeap(out).fill(0);
      const x = backend.typedArrayFromHeap(inputs.x);
      const dy = backend.typedArrayFromHeap(inputs.dy);
      forEachTap(tf, inputs.x.shape as Shape4, attrs.filterShape, attrs, (xAt, yAt, filterAt, channels, multiplier) => {
        for (let c = 0; c < channels; c++)
          for (let m = 0; m < multiplier; m++) {
            const i = c * multiplier + m;
            filter[filterAt + i] = (filter[filterAt + i] ?? 0) + (x[xAt + c] ?? 0) * (dy[yAt + i] ?? 0);
          }
      });
      return out;
    },
  );
  registerKernel<{ dy: TensorInfo; filter: TensorInfo }, DepthwiseAttrs & { inputShape: Shape4 }>(
    tf,
    'DepthwiseConv2dNativeBackpropInput',
    ({ inputs, attrs, backend }) => {
      const out = backend.makeOutput([...attrs.inputShape], 'float32');
      const dx = backend.typedArrayFromHeap(out).fill(0);
      const dy = backend.typedArrayFromHeap(inputs.dy);
      const filter = backend.typedArrayFromHeap(inputs.filter);
      forEachTap(tf, attrs.inputShape, inputs.filter.shape as Shape4, attrs, (xAt, yAt, filterAt, channels, multiplier) => {
        for (let c = 0; c < channels; c++)
          for (let m = 0; m < multiplier; m++) {
            const i = c * multiplier + m;
            dx[xAt + c] = (dx[xAt + c] ?? 0) + (filter[filterAt + i] ?? 0) * (dy[yAt + i] ?? 0);
          }
      });
      return out;
    },
  );
}

/** Visits every (input pixel, output pixel, tap) that belong together, with the offsets of their channels in the flat arrays. */
function forEachTap(
  tf: Tf,
  inputShape: Shape4,
  filterShape: Shape4,
  { strides, dilations, pad, dimRoundingMode }: DepthwiseAttrs,
  visit: (xAt: number, yAt: number, filterAt: number, channels: number, multiplier: number) => void,
): void {
  const info = tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, dilations, pad, dimRoundingMode, true);
  const [, , channels, multiplier] = filterShape;
  for (let n = 0; n < info.batchSize; n++)
    for (let oy = 0; oy < info.outHeight; oy++)
      for (let ky = 0; ky < info.filterHeight; ky++) {
        const y = oy * info.strideHeight + ky * info.dilationHeight - info.padInfo.top;
        if (y < 0 || y >= info.inHeight) continue;
        for (let ox = 0; ox < info.outWidth; ox++)
          for (let kx = 0; kx < info.filterWidth; kx++) {
            const x = ox * info.strideWidth + kx * info.dilationWidth - info.padInfo.left;
            if (x < 0 || x >= info.inWidth) continue;
            const xAt = ((n * info.inHeight + y) * info.inWidth + x) * channels;
            const yAt = ((n * info.outHeight + oy) * info.outWidth + ox) * channels * multiplier;
            visit(xAt, yAt, (ky * info.filterWidth + kx) * channels * multiplier, channels, multiplier);
          }
      }
}
