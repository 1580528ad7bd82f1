import { afterEach, describe, expect, test } from 'vitest';
import { type Backend, type BackendName, loadBackend, type Tensor, type Tensor4D, type Tf } from '../../../models/backend/index.ts';
import { findNativePackages } from '../../../models/backend/native.ts';
import { normal } from '../../../numeric/random.ts';

const names: BackendName[] = findNativePackages().length > 0 ? ['cpu', 'wasm', 'tensorflow'] : ['cpu', 'wasm'];
const tensor = (tf: Tf, purpose: string, shape: number[]): Tensor =>
  tf.tensor(
    normal(
      { seed: 1, purpose },
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );

/** Scalar functions of two tensors whose gradients use the kernels under test. */
const cases: { name: string; shapes: [number[], number[]]; f: (tf: Tf, a: Tensor, b: Tensor) => Tensor }[] = [
  {
    name: 'matMul',
    shapes: [
      [7, 5],
      [5, 9],
    ],
    f: (tf, a, b) => tf.matMul(a, b).square().sum(),
  },
  {
    name: 'matMul, both transposed',
    shapes: [
      [5, 7],
      [9, 5],
    ],
    f: (tf, a, b) => tf.matMul(a, b, true, true).square().sum(),
  },
  {
    name: 'matMul, batched',
    shapes: [
      [2, 3, 4, 5],
      [2, 3, 5, 6],
    ],
    f: (tf, a, b) => tf.matMul(a, b).square().sum(),
  },
  {
    name: 'matMul, batched and transposed',
    shapes: [
      [3, 4, 5],
      [3, 6, 5],
    ],
    f: (tf, a, b) => tf.matMul(a, b, false, true).square().sum(),
  },
  {
    name: 'conv2d',
    shapes: [
      [2, 1, 20, 3],
      [1, 4, 3, 5],
    ],
    f: (tf, a, b) =>
      tf
        .conv2d(a as Tensor4D, b as Tensor4D, 1, 'valid')
        .square()
        .sum(),
  },
  {
    name: 'conv2d, strided, same',
    shapes: [
      [2, 9, 8, 3],
      [3, 3, 3, 4],
    ],
    f: (tf, a, b) =>
      tf
        .conv2d(a as Tensor4D, b as Tensor4D, 2, 'same')
        .square()
        .sum(),
  },
  {
    name: 'depthwiseConv2d',
    shapes: [
      [2, 1, 20, 6],
      [1, 7, 6, 1],
    ],
    f: (tf, a, b) =>
      tf
        .depthwiseConv2d(a as Tensor4D, b as Tensor4D, 1, 'same')
        .square()
        .sum(),
  },
  {
    name: 'depthwiseConv2d, multiplier 2',
    shapes: [
      [2, 6, 6, 3],
      [3, 3, 3, 2],
    ],
    f: (tf, a, b) =>
      tf
        .depthwiseConv2d(a as Tensor4D, b as Tensor4D, [2, 2], 'valid')
        .square()
        .sum(),
  },
  {
    name: 'gather',
    shapes: [
      [6, 3],
      [4, 3],
    ],
    f: (tf, a, b) =>
      tf
        .gather(a, tf.tensor1d([5, 0, 5, 2], 'int32'))
        .mul(b)
        .square()
        .sum(),
  },
];

async function gradients(name: BackendName, index: number): Promise<number[][]> {
  const { tf } = await loadBackend(name);
  const item = cases[index];
  if (!item) throw new Error('no case');
  const out = tf.tidy(() => {
    const [a, b] = [tensor(tf, 'a', item.shapes[0]), tensor(tf, 'b', item.shapes[1])];
    const { value, grads } = tf.valueAndGrads((x: Tensor, y: Tensor) => item.f(tf, x, y).asScalar())([a, b]);
    return [value, ...grads];
  });
  const values = out.map((t) => Array.from(t.dataSync()));
  tf.dispose(out);
  return values;
}
const largest = (a: number[], b: number[]): number =>
  a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (b[i] ?? Number.NaN)) / (1 + Math.abs(value))), 0);

describe.each(names.filter((name) => name !== 'cpu'))('the gradients on %s equal those on cpu', (name) => {
  test.each(cases.map((item, index) => [item.name, index] as const))('%s', async (_, index) => {
    const expected = await gradients('cpu', index);
    const found = await gradients(name, index);
    for (const [i, values] of expected.entries()) {
      expect(values.length).toBe(found[i]?.length);
      expect(largest(values, found[i] ?? [])).toBeLessThan(2e-5);
    }
  });
});

describe.each(names)('on %s', (name) => {
  let backend: Backend;
  afterEach(() => backend?.tf.disposeVariables());

  test.each(cases.map((item, index) => [item.name, index] as const))('the gradient of %s equals finite differences', async (_, index) => {
    backend = await loadBackend(name);
    const { tf } = backend;
    const item = cases[index];
    if (!item) throw new Error('no case');
    tf.tidy(() => {
      const [a, b] = [tensor(tf, 'a', item.shapes[0]), tensor(tf, 'b', item.shapes[1])];
      const [da, db] = tf.grads((x: Tensor, y: Tensor) => item.f(tf, x, y).asScalar())([a, b]) as [Tensor, Tensor];
      // A directional derivative tests all entries at once.
      const [ua, ub] = [tensor(tf, 'ua', item.shapes[0]), tensor(tf, 'ub', item.shapes[1])];
      const h = 1e-2;
      const at = (s: number): number => item.f(tf, a.add(ua.mul(s)), b.add(ub.mul(s))).dataSync()[0] ?? Number.NaN;
      const numeric = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
      const exact = da.mul(ua).sum().add(db.mul(ub).sum()).dataSync()[0] ?? Number.NaN;
      expect(Math.abs(numeric - exact) / (1 + Math.abs(exact))).toBeLessThan(2e-3);
      expect(Math.abs(numeric - 2 * exact) / (1 + Math.abs(exact))).toBeGreaterThan(2e-3);
    });
  });

  test('a fused product adds its bias to every row, also when batched and transposed', async () => {
    backend = await loadBackend(name);
    const { tf } = backend;
    tf.tidy(() => {
      const [a, b, bias] = [tensor(tf, 'a', [3, 100, 70]), tensor(tf, 'b', [3, 100, 60]), tensor(tf, 'bias', [60])];
      const fused = tf.fused.matMul({ a, b, transposeA: true, bias, activation: 'relu' });
      const parts = tf.relu(tf.matMul(a, b, true).add(bias));
      expect(largest(Array.from(parts.dataSync()), Array.from(fused.dataSync()))).toBeLessThan(1e-4);
    });
  });

  test('no tensor is left behind by a step', async () => {
    backend = await loadBackend(name);
    const before = backend.tf.memory().numTensors;
    for (const index of cases.keys()) await gradients(name, index);
    expect(backend.tf.memory().numTensors).toBe(before);
  });

  test('it says what decides the last bits of a result', async () => {
    backend = await loadBackend(name);
    expect(backend.name).toBe(name);
    expect(backend.tf.getBackend()).toBe(name);
    expect(backend.threads).toBeGreaterThan(0);
    expect(backend.version).toMatch(/^\d+\.\d+\.\d+/);
  });
});

test('an unknown backend is refused with the names that exist', async () => {
  await expect(loadBackend('cuda' as never)).rejects.toThrow(/"cuda"[\s\S]*tensorflow, wasm or cpu/);
});

test('a package without its compiled addon is not taken for a native one', () => {
  expect(findNativePackages('/nowhere')).toEqual([]);
});
