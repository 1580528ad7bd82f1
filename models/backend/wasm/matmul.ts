import type { TensorInfo } from '@tensorflow/tfjs';
import type { Tf } from '../types.ts';
import { type Heap, kernelRunner, registerKernel, sizeOf, view } from './kernel.ts';

interface MatMulAttrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}
interface FusedAttrs extends MatMulAttrs {
  readonly activation: 'linear' | 'relu' | 'relu6' | 'elu' | 'sigmoid' | 'leakyrelu' | 'prelu';
  readonly leakyreluAlpha?: number;
}
const activations = { relu: 'Relu', relu6: 'Relu6', elu: 'Elu', sigmoid: 'Sigmoid', leakyrelu: 'LeakyRelu', prelu: 'Prelu' } as const;

/**
 * BatchMatMul of the library is fast only for one plain 2-D product; transposed or batched ones run in a scalar loop, 10 to 40
 * times slower, and that is all that backpropagation uses. Here everything is brought to that one case.
 * `_FusedMatMul` adds the bias wrongly on the slow path, so it is composed from parts.
 */
export function registerMatMul(tf: Tf): void {
  const original = tf.getKernel('BatchMatMul', 'wasm').kernelFunc;
  const run = kernelRunner(tf);
  const plain = (backend: Heap, a: TensorInfo, b: TensorInfo): TensorInfo =>
    original({ inputs: { a, b }, attrs: { transposeA: false, transposeB: false }, backend }) as TensorInfo;

  registerKernel<{ a: TensorInfo; b: TensorInfo }, MatMulAttrs>(tf, 'BatchMatMul', ({ inputs, attrs, backend }) => {
    const owned: TensorInfo[] = [];
    const transposed = (x: TensorInfo): TensorInfo => {
      const rank = x.shape.length;
      const perm = [...Array(rank - 2).keys(), rank - 1, rank - 2];
      const out = run('Transpose', backend, { x }, { perm });
      owned.push(out);
      return out;
    };
    const a = attrs.transposeA ? transposed(inputs.a) : inputs.a;
    const b = attrs.transposeB ? transposed(inputs.b) : inputs.b;
    const out = multiply(tf, backend, a, b, plain);
    for (const tensor of owned) backend.disposeData(tensor.dataId);
    return out;
  });

  registerKernel<{ a: TensorInfo; b: TensorInfo; bias?: TensorInfo; preluActivationWeights?: TensorInfo }, FusedAttrs>(
    tf,
    '_FusedMatMul',
    ({ inputs, attrs, backend }) => {
      const { a, b, bias, preluActivationWeights } = inputs;
      let out = run('BatchMatMul', backend, { a, b }, { transposeA: attrs.transposeA, transposeB: attrs.transposeB });
      const replace = (next: TensorInfo): void => {
        backend.disposeData(out.dataId);
        out = next;
      };
      if (bias) replace(run('Add', backend, { a: out, b: bias }));
      if (attrs.activation === 'prelu' && preluActivationWeights) replace(run('Prelu', backend, { x: out, alpha: preluActivationWeights }));
      else if (attrs.activation === 'leakyrelu') replace(run('LeakyRelu', backend, { x: out }, { alpha: attrs.leakyreluAlpha ?? 0.2 }));
      else if (attrs.activation !== 'linear') replace(run(activations[attrs.activation], backend, { x: out }));
      return out;
    },
  );
}

/** a [...,M,K] · b [...,K,N] with broadcast batches. */
function multiply(
  tf: Tf,
  backend: Heap,
  a: TensorInfo,
  b: TensorInfo,
  plain: (backend: Heap, a: TensorInfo, b: TensorInfo) => TensorInfo,
): TensorInfo {
  const [m = 1, k = 1] = a.shape.slice(-2);
  const n = b.shape.at(-1) ?? 1;
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const batchA = sizeOf(a.shape.slice(0, -2));
  const batchB = sizeOf(b.shape.slice(0, -2));
  const batch = sizeOf(outer);
  const shape = [...outer, m, n];
  if (batchB === 1) {
    const out = plain(backend, view(a, [1, batchA * m, k]), view(b, [1, k, n]));
    return { ...out, shape };
  }
  if (batchB !== batch || (batchA !== batch && batchA !== 1)) throw new Error(`matMul: batches ${a.shape} and ${b.shape} do not fit`);
  const out = backend.makeOutput(shape, 'float32');
  const left = backend.makeOutput([1, m, k], 'float32');
  for (let i = 0; i < batch; i++) {
    // The library caches the packed right side by its identity: new contents need a new tensor.
    const right = backend.makeOutput([1, k, n], 'float32');
    copy(backend, a, (batchA === 1 ? 0 : i) * m * k, left);
    copy(backend, b, i * k * n, right);
    const product = plain(backend, left, right);
    backend.typedArrayFromHeap(out).set(backend.typedArrayFromHeap(product), i * m * n);
    backend.disposeData(right.dataId);
    backend.disposeData(product.dataId);
  }
  backend.disposeData(left.dataId);
  return out;
}

/** Views of the heap are taken anew every time, because an allocation may have moved it. */
function copy(backend: Heap, from: TensorInfo, offset: number, to: TensorInfo): void {
  backend.typedArrayFromHeap(to).set(backend.typedArrayFromHeap(from).subarray(offset, offset + sizeOf(to.shape)));
}
