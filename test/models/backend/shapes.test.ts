import { expect, test } from 'vitest';
import { type Binding, type NativeBackend, nativeBackend } from '../../../models/backend/compile/native-backend.ts';
import { record } from '../../../models/backend/compile/record.ts';
import { resultShapes } from '../../../models/backend/compile/shapes.ts';
import { loadBackend, type Tensor, type Tensor2D, type Tensor4D, type Tf } from '../../../models/backend/index.ts';
import { findNativePackages } from '../../../models/backend/native.ts';
import { relu } from '../../../models/network/relu.ts';

const native = findNativePackages().length > 0;

/** Inputs and a function whose every operation, of both passes, has a rule. */
const CASES: readonly [name: string, shapes: number[][], run: (tf: Tf, ...inputs: Tensor[]) => Tensor][] = [
  [
    'broadcast',
    [
      [3, 1, 4],
      [5, 1],
    ],
    (tf, a, b) => tf.div(tf.maximum(a, 2), tf.add(a, b)),
  ],
  [
    'squared differences',
    [
      [3, 4],
      [3, 4],
    ],
    (tf, a, b) => tf.squaredDifference(a, b),
  ],
  ['one by one', [[2, 3]], (tf, a) => tf.tanh(tf.log(tf.exp(tf.sigmoid(tf.sqrt(tf.square(tf.neg(tf.erf(a))))))))],
  ['sums', [[2, 3, 4]], (tf, a) => tf.add(tf.sum(a, [-1, 0], true), tf.mean(a, 0, true))],
  ['relu', [[2, 3]], (tf, a) => relu(tf, a)],
  ['softmax', [[2, 3]], (tf, a) => tf.softmax(a)],
  ['shape', [[2, 6, 4]], (tf, a) => tf.reshape(tf.transpose(a, [2, 0, 1]), [-1, 3])],
  [
    'products',
    [
      [5, 2, 3],
      [5, 6, 3],
    ],
    (tf, a, b) => tf.matMul(a, b, false, true),
  ],
  [
    'turned products',
    [
      [3, 2],
      [3, 6],
    ],
    (tf, a, b) => tf.matMul(a as Tensor2D, b, true, false),
  ],
  ['parts', [[2, 7, 3]], (tf, a) => tf.concat([...tf.split(a, [2, 1, 4], 1), tf.slice(a, [0, 1, 0], [2, 2, -1])].slice(1), -2)],
  [
    'borders',
    [[2, 3]],
    (tf, a) =>
      tf.tile(
        tf.pad(a, [
          [1, 0],
          [0, 2],
        ]),
        [2, 3],
      ),
  ],
  [
    'depthwise',
    [
      [1, 8, 1, 2],
      [3, 1, 2, 1],
    ],
    (tf, x, k) => tf.depthwiseConv2d(x as Tensor4D, k as Tensor4D, 1, 'same'),
  ],
  [
    'convolution',
    [
      [1, 8, 7, 2],
      [3, 3, 2, 4],
    ],
    (tf, x, k) => tf.conv2d(x as Tensor4D, k as Tensor4D, 2, 'valid'),
  ],
];

test.runIf(native).each(CASES)('shapes of %s are those of the kernels', async (_, shapes, run) => {
  const { tf } = await loadBackend('tensorflow');
  const inputs = shapes.map((shape) => tf.ones(shape));
  const both = () => [run(tf, ...inputs), ...tf.grads((...given) => tf.sum(run(tf, ...given)))(inputs)];
  const backend = nativeBackend(tf) as NativeBackend;
  const { ops } = record(tf, backend, inputs, both);
  const expected = kernelShapes(backend, () => tf.tidy(both));
  expect(ops.map(({ name, outputs }) => [name, outputs.map(({ shape }) => shape)])).toEqual(expected);
});

test.runIf(native)('products stretch the sides before the matrices', async () => {
  const { tf } = await loadBackend('tensorflow');
  const [a, b] = [tf.ones([5, 1, 2, 3]), tf.ones([4, 6, 3])];
  const { outputs } = record(tf, nativeBackend(tf) as NativeBackend, [a, b], () => [tf.matMul(a, b, false, true)]);
  expect(outputs.map(({ shape }) => shape)).toEqual([tf.matMul(a, b, false, true).shape]);
});

test('a shape that a computed value decides is not known, nor that of an operation without a rule', () => {
  expect(resultShapes('Reshape', [], [[2, 3], [1]], () => [6])).toEqual([[6]]);
  expect(resultShapes('Reshape', [], [[2, 3], [1]], () => undefined)).toBeUndefined();
  expect(resultShapes('Unique', [], [[2]], () => undefined)).toBeUndefined();
});

/** What really runs, and the shapes of what it gives. */
function kernelShapes(backend: NativeBackend, run: () => unknown) {
  const { binding } = backend;
  const found: [string, number[][]][] = [];
  const own = Object.fromEntries(
    Object.getOwnPropertyNames(binding).map((name) => {
      const value = binding[name];
      return [name, value instanceof Function ? value.bind(binding) : value];
    }),
  );
  const watching: Partial<Binding> = {
    executeOp: (name, ...given) => {
      const outputs = binding.executeOp(name, ...given);
      found.push([name, outputs.map(({ shape }) => [...shape])]);
      return outputs;
    },
  };
  backend.binding = Object.assign(own as unknown as Binding, watching);
  try {
    run();
  } finally {
    backend.binding = binding;
  }
  return found;
}
