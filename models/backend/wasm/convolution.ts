import type { TensorInfo } from '@tensorflow/tfjs';
import type { Tf } from '../types.ts';
import { kernelRunner, registerKernel, view } from './kernel.ts';

interface FilterAttrs {
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly filterShape: [number, number, number, number];
}

/** Gradient of conv2d by its filter, which the library lacks: one transposed product per tap. */
export function registerConvolutionGradients(tf: Tf): void {
  const run = kernelRunner(tf);
  registerKernel<{ x: TensorInfo; dy: TensorInfo }, FilterAttrs>(tf, 'Conv2DBackpropFilter', ({ inputs, attrs, backend }) => {
    const { strides, pad, dimRoundingMode, filterShape, dataFormat } = attrs;
    if (dataFormat !== 'NHWC') throw new Error('Conv2DBackpropFilter: only NHWC');
    const [batch = 0, height = 0, width = 0, channels = 0] = inputs.x.shape;
    const info = tf.backend_util.computeConv2DInfo([batch, height, width, channels], filterShape, strides, 1, pad, dimRoundingMode);
    const { top, bottom, left, right } = info.padInfo;
    const padded =
      top + bottom + left + right > 0
        ? run(
            'PadV2',
            backend,
            { x: inputs.x },
            {
              paddings: [
                [0, 0],
                [top, bottom],
                [left, right],
                [0, 0],
              ],
              constantValue: 0,
            },
          )
        : inputs.x;
    const rows = batch * info.outHeight * info.outWidth;
    const dy = view(inputs.dy, [rows, info.outChannels]);
    const taps: TensorInfo[] = [];
    for (let y = 0; y < info.filterHeight; y++)
      for (let x = 0; x < info.filterWidth; x++) {
        const end = [batch, y + (info.outHeight - 1) * info.strideHeight + 1, x + (info.outWidth - 1) * info.strideWidth + 1, channels];
        const seen = run(
          'StridedSlice',
          backend,
          { x: padded },
          {
            begin: [0, y, x, 0],
            end,
            strides: [1, info.strideHeight, info.strideWidth, 1],
            beginMask: 0,
            endMask: 0,
            ellipsisMask: 0,
            newAxisMask: 0,
            shrinkAxisMask: 0,
          },
        );
        taps.push(run('BatchMatMul', backend, { a: view(seen, [rows, channels]), b: dy }, { transposeA: true, transposeB: false }));
        backend.disposeData(seen.dataId);
      }
    if (padded !== inputs.x) backend.disposeData(padded.dataId);
    const out = backend.makeOutput([...filterShape], 'float32');
    const size = channels * info.outChannels;
    for (const [index, tap] of taps.entries()) {
      backend.typedArrayFromHeap(out).set(backend.typedArrayFromHeap(tap), index * size);
      backend.disposeData(tap.dataId);
    }
    return out;
  });
}
