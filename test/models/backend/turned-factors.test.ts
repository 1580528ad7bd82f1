import { expect, test } from 'vitest';
import { type NativeBackend, nativeBackend } from '../../../models/backend/compile/native-backend.ts';
import { record } from '../../../models/backend/compile/record.ts';
import { turnSlowFactors } from '../../../models/backend/compile/turned-factors.ts';
import { compile, loadBackend, type Tensor } from '../../../models/backend/index.ts';
import { findNativePackages } from '../../../models/backend/native.ts';
import { normal } from '../../../numeric/random.ts';

const native = findNativePackages().length > 0;
const loadRandom = async () => {
  const { tf } = await loadBackend('tensorflow');
  return {
    tf,
    random: (rows: number, columns: number): Tensor =>
      tf.tensor(normal({ seed: rows, purpose: `${columns}` }, rows * columns), [rows, columns]),
  };
};

test.skipIf(!native).each([
  ['is turned by a kernel of its own', 512, 1024, 8, true],
  ['stays with few rows', 511, 1024, 8, false],
  ['stays where rows do not meet in a cache', 512, 1000, 8, false],
  ['stays with many columns', 512, 512, 2049, false],
])('the second factor of x·Wᵀ %s', async (_, rows, inner, columns, isTurned) => {
  const { tf, random } = await loadRandom();
  const [x, w] = [random(rows, inner), random(columns, inner)];
  const backend = nativeBackend(tf) as NativeBackend;
  const { ops } = turnSlowFactors(
    backend,
    record(tf, backend, [x, w], () => [tf.matMul(x, w, false, true)]),
  );
  expect(ops.map(({ name }) => name)).toEqual(isTurned ? ['Reshape', 'Transpose', 'Reshape', 'BatchMatMulV2'] : ['BatchMatMulV2']);
});

test.skipIf(!native)(
  'a product whose factor is turned gives what it gives elsewhere, beside products of the same factor as it is',
  async () => {
    const { tf, random } = await loadRandom();
    const inputs = [random(600, 512), random(24, 512), random(24, 512)] as const;
    const step = ([x, w, v]: readonly Tensor[]) => [
      tf.matMul(x as Tensor, w as Tensor, false, true),
      tf.matMul(v as Tensor, w as Tensor, true),
      tf.add(w as Tensor, 1),
    ];
    const compiled = compile(tf, step);
    const found = compiled.call(inputs);
    // Sums of 512 products, values of up to 100.
    for (const [i, expected] of step(inputs).entries()) {
      expect(found[i]?.shape).toEqual(expected.shape);
      expect(found[i]?.sub(expected).abs().max().dataSync()[0]).toBeLessThan(1e-3);
    }
    expect(found[0]?.sub(found[0].mean()).abs().max().dataSync()[0]).toBeGreaterThan(1);
    compiled.dispose();
  },
);
