import type { TensorInfo } from '@tensorflow/tfjs';
import type { Tf } from '../types.ts';
import { registerKernel } from './kernel.ts';

/** x [N,...] summed into rows by segmentIds [N] (int32); ids outside 0…numSegments−1 are dropped. The gradient of `gather` needs it. */
export function registerSegmentSum(tf: Tf): void {
  registerKernel<{ x: TensorInfo; segmentIds: TensorInfo }, { numSegments: number }>(
    tf,
    'UnsortedSegmentSum',
    ({ inputs, attrs, backend }) => {
      const [rows = 0, ...inner] = inputs.x.shape;
      const width = inner.reduce((product, side) => product * side, 1);
      const out = backend.makeOutput([attrs.numSegments, ...inner], 'float32');
      const sums = backend.typedArrayFromHeap(out).fill(0);
      const x = backend.typedArrayFromHeap(inputs.x);
      const ids = backend.typedArrayFromHeap(inputs.segmentIds);
      for (let row = 0; row < rows; row++) {
        const id = ids[row] ?? -1;
        if (id < 0 || id >= attrs.numSegments) continue;
        for (let i = 0; i < width; i++) sums[id * width + i] = (sums[id * width + i] ?? 0) + (x[row * width + i] ?? 0);
      }
      return out;
    },
  );
}
