import { describe, expect, it } from 'vitest';
import { fusedKernels } from '../../../../models/backend/fused/kernels.ts';
import { FUSED_SHAPES, type FusedKernel } from '../../../../models/backend/fused/shapes.ts';
import { compile, type Precision, type Tensor, type Tensor2D, type TensorFunction } from '../../../../models/backend/index.ts';
import { drawn, loadNative } from './draw.ts';
import { drawnInputs, kernelInputs } from './kernel-inputs.ts';

const { tf, isFused } = await loadNative();
const SHAPES = kernelInputs({ batch: 2, time: 13, keys: 7, channels: 33, taps: 5, heads: 3, headWidth: 10, weights: 41, masked: true });
const KERNELS = Object.keys(FUSED_SHAPES) as FusedKernel[];

/** To the nearest number of 8 bits of mantissa, to the even one of two. */
function rounded(x: Tensor): Tensor {
  const bits = new Uint32Array(x.dataSync<'float32'>().slice().buffer);
  for (const [i, word] of bits.entries()) bits[i] = (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000;
  return tf.tensor(new Float32Array(bits.buffer), x.shape);
}
const column = (x: Tensor): Tensor2D => tf.reshape(x, [x.size, 1]);
const one = tf.ones([1, 1]);
/** The same, rounded to bfloat16 where a graph computes its products in it. */
const throughProduct = (x: Tensor): Tensor => tf.reshape(tf.matMul(column(x), one), x.shape);
const run = (kernel: FusedKernel, inputs: readonly Tensor[]): Tensor[] => fusedKernels(tf)?.(kernel, inputs) ?? [];
/** A product makes 0 of −0. */
const valuesOf = (tensors: readonly Tensor[]) => tensors.map((tensor) => tensor.dataSync().map((value) => value + 0));

function compiled(inputs: readonly Tensor[], run: TensorFunction, precision: Precision = 'bf16') {
  const { call, dispose } = compile(tf, run, { precision });
  const values = valuesOf(call(inputs));
  dispose();
  return values;
}

describe.skipIf(!isFused)('in a graph of bfloat16 products a fused kernel', () => {
  it.each(KERNELS)('reads what a product gave, whichever input it is: %s', (kernel) => {
    const inputs = drawnInputs(tf, SHAPES[kernel]);
    const withEach = (given: readonly Tensor[], change: (x: Tensor) => Tensor) =>
      given.flatMap((input, i) => run(kernel, given.with(i, change(input))));
    expect(compiled(inputs, (given) => withEach(given, throughProduct))).toEqual(valuesOf(withEach(inputs, rounded)));
  });

  it.each(KERNELS)('gives products the rounded results: %s', (kernel) => {
    const inputs = drawnInputs(tf, SHAPES[kernel]);
    const found = compiled(inputs, (given) => run(kernel, given).map(throughProduct));
    expect(found).toEqual(valuesOf(run(kernel, inputs).map(rounded)));
  });

  it('rounds nothing in a graph of float32', () => {
    const inputs = drawnInputs(tf, SHAPES.RmsNorm);
    const found = compiled(inputs, ([x, gain]) => [throughProduct(run('RmsNorm', [x as Tensor, gain as Tensor])[0] as Tensor)], 'f32');
    const [result] = run('RmsNorm', inputs) as [Tensor, Tensor];
    expect(found).toEqual(valuesOf([result]));
    expect(found).not.toEqual(valuesOf([rounded(result)]));
  });

  const sides = ([h, gate, y]: readonly Tensor[]) => run('GatedSum', [h as Tensor, gate as Tensor, y as Tensor])[0] as Tensor;

  it('between two products gives what they and it give one by one', () => {
    const [x, w, v] = [drawn(tf, 'x', [26, 9]), drawn(tf, 'w', [9, 66]), drawn(tf, 'v', [33, 10])];
    const product: TensorFunction = ([a, b]) => [tf.matMul(a as Tensor2D, b as Tensor2D)];
    const between = ([packed, bias]: readonly Tensor[]) => run('Geglu', [packed as Tensor, bias as Tensor])[0] as Tensor;
    const bias = drawn(tf, 'bias', [66]);
    const whole = compiled([x, w, bias, v], ([x, w, bias, v]) =>
      product([between([product([x, w] as Tensor[])[0], bias] as Tensor[]), v as Tensor]),
    );
    const first = compile(tf, product, { precision: 'bf16' });
    const inner = between([first.call([x, w])[0] as Tensor, bias]);
    expect(whole).toEqual(valuesOf(first.call([inner, v])));
    expect(whole).not.toEqual(valuesOf(product([between([product([x, w])[0] as Tensor, bias]), v])));
    first.dispose();
  });

  it('keeps float32 for whoever is no product, and for the outputs of the graph', () => {
    const inputs = drawnInputs(tf, SHAPES.GatedSum);
    const result = sides(inputs);
    const found = compiled(inputs, (given) => {
      const sum = sides(given);
      return [throughProduct(sum), tf.mul(sum, 3)];
    });
    expect(found).toEqual(valuesOf([rounded(result), tf.mul(result, 3)]));
    for (const shaped of [(x: Tensor) => x, column]) {
      const outputs = compiled(inputs, (given) => {
        const sum = shaped(sides(given));
        return [tf.matMul(column(sum), one), sum];
      });
      expect(outputs[1]).toEqual(result.dataSync());
      expect(outputs[1]).not.toEqual(rounded(result).dataSync());
    }
  });
});
