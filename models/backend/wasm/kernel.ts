import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs';
import type { Tf } from '../types.ts';

/** The part of the WebAssembly backend that kernels use. */
export interface Heap {
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
  typedArrayFromHeap(tensor: TensorInfo): Float32Array;
  disposeData(dataId: TensorInfo['dataId']): boolean;
}
export interface KernelCall<Inputs, Attrs> {
  readonly inputs: Inputs;
  readonly attrs: Attrs;
  readonly backend: Heap;
}

/** Calls a registered kernel directly, outside of the gradient tape. */
export type RunKernel = (name: string, backend: Heap, inputs: Record<string, TensorInfo>, attrs?: object) => TensorInfo;

export function kernelRunner(tf: Tf): RunKernel {
  return (name, backend, inputs, attrs = {}) => {
    const kernel = tf.getKernel(name, 'wasm');
    if (!kernel) throw new Error(`kernel ${name} is not registered for wasm`);
    return kernel.kernelFunc({ inputs, attrs: attrs as NamedAttrMap, backend }) as TensorInfo;
  };
}

/** Registers a kernel, in place of an existing one if there is one. The cast is the edge to the library's untyped kernel calls. */
export function registerKernel<Inputs, Attrs>(tf: Tf, name: string, run: (call: KernelCall<Inputs, Attrs>) => TensorInfo): void {
  if (tf.getKernel(name, 'wasm')) tf.unregisterKernel(name, 'wasm');
  tf.registerKernel({ kernelName: name, backendName: 'wasm', kernelFunc: run as unknown as import('@tensorflow/tfjs').KernelFunc });
}

/** The same data under another shape; needs no disposal. */
export const view = (tensor: TensorInfo, shape: number[]): TensorInfo => ({ dataId: tensor.dataId, dtype: tensor.dtype, shape });
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);
