import { expect, test } from 'vitest';
import { loadBackend } from '../../../models/backend/index.ts';
import { fromNamed, layoutOf, named, unflatten } from '../../../models/training/flat.ts';

const shapes: Record<string, number[]> = { gate: [3], matrix: [4, 8], scalar: [], wide: [1, 17], kernel: [3, 2, 5, 4] };
const sizeOf = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
const arrays = new Map(
  Object.entries(shapes).map(([name, shape], k) => [
    name,
    { shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => 100 * (k + 1) + i) },
  ]),
);

test.each([
  ['lines of 16', undefined, 16 * (1 + 2 + 1 + 2 + 8)],
  ['no gaps', 1, 3 + 32 + 1 + 17 + 120],
])('tensors come back from one vector with %s as they were', async (_, line, length) => {
  const { tf } = await loadBackend('auto');
  const layout = layoutOf(arrays, arrays.keys(), line === undefined ? {} : { line });
  tf.tidy(() => {
    const flat = fromNamed(tf, layout, arrays);
    expect(flat.size).toBe(length);
    expect([...named(layout, flat)]).toEqual([...arrays]);
    unflatten(tf, layout, flat).forEach((tensor, i) => {
      const { shape, data } = [...arrays.values()][i] ?? { shape: [], data: [] };
      expect(tensor.shape).toEqual(shape);
      expect(tensor.dataSync()).toEqual(data);
    });
  });
});

test('what lies between the tensors has no gradient', async () => {
  const { tf } = await loadBackend('auto');
  const layout = layoutOf(arrays, arrays.keys());
  tf.tidy(() => {
    const sum = (flat: ReturnType<typeof fromNamed>) => tf.addN(unflatten(tf, layout, flat).map((tensor) => tf.sum(tensor)));
    const gradient = tf.grad(sum)(fromNamed(tf, layout, arrays));
    expect(tf.sum(gradient).dataSync()[0]).toBe(3 + 32 + 1 + 17 + 120);
    expect([...gradient.dataSync().slice(0, 16)]).toEqual([1, 1, 1, ...Array(13).fill(0)]);
  });
});

test('a kernel [out,in,kh,kw] lies in the vector as the convolutions of TensorFlow read it', async () => {
  const { tf } = await loadBackend('auto');
  const kernel = { shape: [3, 2, 5, 4], data: Float32Array.from({ length: 120 }, (_, i) => i) };
  const flat = fromNamed(tf, layoutOf(new Map([['kernel', kernel]]), ['kernel'], { line: 1 }), new Map([['kernel', kernel]]));
  const read = tf.transpose(tf.tensor(kernel.data, kernel.shape), [2, 3, 1, 0]);
  expect(flat.dataSync()).toEqual(read.dataSync());
  expect(flat.dataSync()).not.toEqual(kernel.data);
  tf.dispose([flat, read]);
});
