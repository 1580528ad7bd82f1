import { describe, expect, it } from 'vitest';
import { fusedKernels } from '../../../../models/backend/fused/kernels.ts';
import { FUSED_SHAPES, type FusedKernel } from '../../../../models/backend/fused/shapes.ts';
import { loadNative } from './draw.ts';
import { drawnInputs, kernelInputs } from './kernel-inputs.ts';

const { tf, isFused } = await loadNative();
const ODD = { batch: 3, time: 13, keys: 7, channels: 33, taps: 5, heads: 3, headWidth: 10, weights: 41, masked: true };
const ONE = { batch: 1, time: 1, keys: 1, channels: 1, taps: 1, heads: 1, headWidth: 2, weights: 1, masked: false };
const KERNELS = Object.keys(FUSED_SHAPES) as FusedKernel[];

describe.skipIf(!isFused)('the shapes of the results', () => {
  const shapesOf = (kernel: FusedKernel, sizes: typeof ODD) => {
    const inputs = drawnInputs(tf, kernelInputs(sizes)[kernel]);
    const found = fusedKernels(tf)?.(kernel, inputs).map(({ shape }) => shape);
    return { inputs: inputs.map(({ shape }) => shape), found };
  };

  it.each(KERNELS)('of %s are those of its rule', (kernel) => {
    for (const sizes of [ODD, { ...ODD, masked: false }, ONE]) {
      const { inputs, found } = shapesOf(kernel, sizes);
      expect(found).toEqual(FUSED_SHAPES[kernel](inputs));
    }
  });

  it('and not those of another kernel’s', () => {
    const { inputs, found } = shapesOf('SelfAttention', ODD);
    expect(found).not.toEqual(FUSED_SHAPES.GatedSum(inputs));
  });

  it('of a norm are the same with one gain for all samples', () => {
    const inputs = [tf.ones([2, 3, 5]), tf.ones([5])];
    expect(fusedKernels(tf)?.('RmsNorm', inputs).map(({ shape }) => shape)).toEqual(FUSED_SHAPES.RmsNorm([[2, 3, 5], [5]]));
  });
});
