import { describe, expect, it } from 'vitest';
import { fusedKernels } from '../../../../models/backend/fused/kernels.ts';
import type { FusedKernel } from '../../../../models/backend/fused/shapes.ts';
import { compile, type Tensor, type TensorFunction } from '../../../../models/backend/index.ts';
import { digestOf, loadNative } from './draw.ts';
import { drawnInputs, kernelInputs } from './kernel-inputs.ts';

const { tf, isFused } = await loadNative();
const SIZES = { batch: 3, time: 29, keys: 7, channels: 33, taps: 5, heads: 3, headWidth: 10, weights: 20_001, masked: true };
const KERNELS = Object.entries(kernelInputs(SIZES)) as [FusedKernel, Record<string, number[]>][];
const run = (kernel: FusedKernel, inputs: readonly Tensor[]): Tensor[] => fusedKernels(tf)?.(kernel, inputs) ?? [];

/** Without products, of which a graph has other kernels than TensorFlow at once. */
describe.skipIf(!isFused)('a compiled graph of fused kernels gives the bits that they give at once', () => {
  const both = (inputs: readonly Tensor[], step: TensorFunction) => {
    const { call, dispose } = compile(tf, step);
    const [found, wanted] = [call(inputs).map(digestOf), step(inputs).map(digestOf)];
    dispose();
    return { found, wanted };
  };
  /** Inputs that the graph itself makes: their memory may be taken over by who reads them last. */
  const own = (inputs: readonly Tensor[]) => inputs.map((input) => (input.rank === 0 ? input : tf.mul(input, 0.75)));

  it.each(KERNELS)('%s, whose inputs nobody else needs, and whose inputs are read once more', (kernel, shapes) => {
    const inputs = drawnInputs(tf, shapes);
    const alone = both(inputs, (given) => run(kernel, own(given)));
    expect(alone.found).toEqual(alone.wanted);
    const shared = both(inputs, (given) => {
      const made = own(given);
      return [...run(kernel, made), ...made.map((tensor) => tf.mul(tensor, 3))];
    });
    expect(shared.found).toEqual(shared.wanted);
  });

  it('all of them side by side, and not those of one another', () => {
    const lists = KERNELS.map(([, shapes]) => drawnInputs(tf, shapes));
    const begins = lists.map((_, i) => lists.slice(0, i).flat().length);
    const { found, wanted } = both(lists.flat(), (given) =>
      KERNELS.flatMap(([kernel], i) => run(kernel, own(given.slice(begins[i], begins[i + 1])))),
    );
    expect(found).toEqual(wanted);
    expect(found).not.toEqual(wanted.toReversed());
  });
});
