import { describe, expect, test } from 'vitest';
import { type Binding, type NativeBackend, nativeBackend } from '../../../models/backend/compile/native-backend.ts';
import { record } from '../../../models/backend/compile/record.ts';
import { after, type BackendName, compile, loadBackend, type Tensor, type Tensor2D } from '../../../models/backend/index.ts';
import { findNativePackages } from '../../../models/backend/native.ts';
import { normal } from '../../../numeric/random.ts';

const native = findNativePackages().length > 0;
const names: BackendName[] = native ? ['tensorflow', 'wasm', 'cpu'] : ['wasm', 'cpu'];

describe.each(names)('a compiled function on %s', (name) => {
  const load = async () => {
    const { tf } = await loadBackend(name);
    const random = (purpose: string, shape: number[]): Tensor =>
      tf.tensor(
        normal(
          { seed: 1, purpose },
          shape.reduce((a, b) => a * b, 1),
        ),
        shape,
      );
    return { tf, random };
  };

  test('computes what the function computes, gradients included', async () => {
    const { tf, random } = await load();
    const inputs = [random('x', [4, 6]), random('w', [6, 3]), tf.tensor1d([2, 0, 1, 1], 'int32')];
    const step = ([x, w, target]: readonly Tensor[]): Tensor[] => {
      const loss = (weights: Tensor): Tensor => {
        const logits = tf.matMul(tf.elu(x as Tensor2D), weights as Tensor2D);
        return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(target as never, 3)), 1)));
      };
      const { value, grad } = tf.valueAndGrad(loss)(w as Tensor);
      return [
        value,
        grad,
        tf.concat([tf.reverse(grad, 0), tf.cumsum(grad)], 1),
        tf.expandDims(grad, 1),
        tf.where(tf.greater(grad, 0), grad, tf.zerosLike(grad)),
      ];
    };
    const compiled = compile(tf, step);
    const [expected, found] = [tf.tidy(() => step(inputs)), compiled.call(inputs)];
    for (const [i, tensor] of expected.entries()) {
      expect(found[i]?.shape).toEqual(tensor.shape);
      expect(found[i]?.sub(tensor).abs().max().dataSync()[0]).toBeLessThan(1e-6);
    }
    compiled.dispose();
  });

  test('follows its inputs, values and shapes', async () => {
    const { tf, random } = await load();
    const compiled = compile(tf, ([a, b]) => [tf.add(tf.mul(a as Tensor, 3), b as Tensor)]);
    for (const shape of [[2], [2], [5, 1]]) {
      const [a, b] = [random(`a${shape}`, shape), random('b', shape)];
      const [sum] = compiled.call([a, b]);
      expect(sum?.shape).toEqual(shape);
      expect(sum?.sub(a.mul(3).add(b)).abs().max().dataSync()[0]).toBeLessThan(1e-6);
    }
    compiled.dispose();
  });

  test('keeps inputs apart that are one tensor at the first call', async () => {
    const { tf, random } = await load();
    const compiled = compile(tf, ([a, b]) => [tf.sub(tf.mul(a as Tensor, 3), b as Tensor)]);
    const [same, other] = [random('same', [4]), random('other', [4])];
    compiled.call([same, tf.clone(same)]);
    const [difference] = compiled.call([same, other]);
    expect(difference?.sub(same.mul(3).sub(other)).abs().max().dataSync()[0]).toBeLessThan(1e-6);
    compiled.dispose();
  });

  test('sees a variable from outside if it is passed as an input', async () => {
    const { tf } = await load();
    const variable = tf.variable(tf.scalar(2));
    const compiled = compile(tf, ([x]) => [tf.mul(x as Tensor, variable)]);
    const x = tf.scalar(10);
    expect(compiled.call([x, variable])[0]?.dataSync()[0]).toBe(20);
    variable.assign(tf.scalar(3));
    expect(compiled.call([x, variable])[0]?.dataSync()[0]).toBe(30);
    compiled.dispose();
    variable.dispose();
  });

  test('gives the same bits every time and leaves only its outputs behind', async () => {
    const { tf, random } = await load();
    const [a, b] = [random('a', [64, 64]), random('b', [64, 64])];
    const compiled = compile(tf, ([x, y]) => [tf.matMul(tf.tanh(x as Tensor2D), y as Tensor2D).sum(0)]);
    const first = compiled.call([a, b])[0]?.dataSync();
    const before = tf.memory().numTensors;
    const again = compiled.call([a, b]);
    expect(again[0]?.dataSync()).toEqual(first);
    expect(tf.memory().numTensors).toBe(before + 1);
    compiled.dispose();
  });
});

test.runIf(native)(
  'a function that reads a computed value runs as it is, says once which operation and line are the cause, and the backend still works',
  async () => {
    const { tf } = await loadBackend('tensorflow');
    const notices: string[] = [];
    const reads = compile(tf, ([x]) => [tf.mul(x as Tensor, tf.square(x as Tensor).dataSync()[0] ?? 0)], {
      notice: (message) => notices.push(message),
    });
    expect(reads.call([tf.scalar(2)])[0]?.dataSync()[0]).toBe(8);
    expect(reads.call([tf.scalar(3)])[0]?.dataSync()[0]).toBe(27);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/reads the result of Square[\s\S]*compile\.test\.ts:\d+/);
    expect(tf.square(tf.scalar(3)).dataSync()[0]).toBe(9);
    expect(() =>
      compile(tf, () => {
        throw new RangeError('own');
      }).call([]),
    ).toThrow('own');
  },
);

test.runIf(native)('with bfloat16 products are rounded to 8 bits of mantissa, and nothing else is', async () => {
  const { tf } = await loadBackend('tensorflow');
  const x = tf.tensor2d([[1 + 2 ** -9, 1 + 2 ** -7]]);
  const one = tf.tensor2d([[1], [0]]);
  const run = ([x, one]: readonly Tensor[]) => [tf.matMul(x as Tensor2D, one as Tensor2D), tf.mul(x as Tensor, 1)];
  const values = (precision: 'f32' | 'bf16') => {
    const compiled = compile(tf, run, { precision });
    const read = compiled.call([x, one]).map((tensor) => tensor.dataSync()[0]);
    compiled.dispose();
    return read;
  };
  expect(values('f32')).toEqual([1 + 2 ** -9, 1 + 2 ** -9]);
  expect(values('bf16')).toEqual([1, 1 + 2 ** -9]);
});

test('a backend that cannot compile says that it computes in float32', async () => {
  const { tf } = await loadBackend('cpu');
  const notices: string[] = [];
  compile(tf, ([x]) => [x as Tensor], { precision: 'bf16', notice: (message) => notices.push(message) });
  expect(notices).toEqual(['Precision bf16 needs the native backend; cpu computes in float32.']);
});

test.runIf(native)('what waits for another tensor is written down as waiting; at once, it is the tensor itself', async () => {
  const { tf } = await loadBackend('tensorflow');
  const [x, y] = [tf.scalar(2), tf.scalar(3)];
  expect(after(tf, x, y)).toBe(x);
  const backend = nativeBackend(tf) as NativeBackend;
  const [, first] = backend.getInputTensorIds([x, y]);
  const { ops } = record(tf, backend, [x, y], () => [tf.square(x), tf.square(after(tf, x, y))]);
  expect(ops.map(({ name, after }) => [name, after])).toEqual([
    ['Square', undefined],
    ['Identity', first],
    ['Square', undefined],
  ]);
  const compiled = compile(tf, ([x, y]) => [tf.square(after(tf, x as Tensor, tf.square(y as Tensor)))]);
  expect(compiled.call([x, y])[0]?.dataSync()[0]).toBe(4);
  compiled.dispose();
});

test.runIf(native)('recording holds few tensors at a time, however many a gradient keeps', async () => {
  const { tf } = await loadBackend('tensorflow');
  const backend = nativeBackend(tf) as NativeBackend;
  const { binding } = backend;
  const x = tf.ones([8]);
  let [live, kept] = [0, 0];
  const step = () => {
    const loss = (x: Tensor): Tensor => {
      let y = x;
      for (let i = 0; i < 100; i++) y = tf.mul(y, tf.cos(y));
      kept = live;
      return tf.sum(y);
    };
    return [tf.grad(loss)(x)];
  };
  const names = Object.getOwnPropertyNames(binding);
  const counting = Object.fromEntries(
    names.map((name) => [name, binding[name] instanceof Function ? binding[name].bind(binding) : binding[name]]),
  );
  backend.binding = Object.assign(counting as unknown as Binding, {
    createTensor: (...given: Parameters<Binding['createTensor']>) => {
      live++;
      return binding.createTensor(...given);
    },
    executeOp: (...given: Parameters<Binding['executeOp']>) => {
      const outputs = binding.executeOp(...given);
      live += outputs.length;
      return outputs;
    },
    deleteTensor: (id: number) => {
      live--;
      binding.deleteTensor(id);
    },
  });
  try {
    record(tf, backend, [x], step);
    expect(kept).toBeLessThan(10);
    tf.dispose(step());
    expect(kept).toBeGreaterThan(100);
  } finally {
    backend.binding = binding;
  }
});
