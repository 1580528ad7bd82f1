import type { Tensor, Tf } from '../types.ts';

export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}
export interface NativeTensor {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}
/** The parts of the addon that are used here; tfjs-node does not declare them. */
export interface Binding {
  createTensor(shape: number[], dtype: number, values: ArrayBufferView): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): ArrayBufferView;
  executeOp(name: string, attributes: OpAttribute[], inputs: number[], outputs: number): NativeTensor[];
  loadSavedModel(directory: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(id: number, inputs: number[], inputNames: string, outputNames: string): NativeTensor[];
  /** Only while recording: a copy of a tensor that waits for another one. */
  after?(id: number, first: number, dtype: number): NativeTensor;
  readonly [constant: string]: unknown;
}
export interface NativeBackend {
  binding: Binding;
  getInputTensorIds(tensors: readonly Tensor[]): number[];
  createOutputTensor(tensor: NativeTensor): Tensor;
  getDTypeInteger(dtype: string): number;
}

/** The current backend if it is the native one. */
export function nativeBackend(tf: Tf): NativeBackend | undefined {
  return tf.getBackend() === 'tensorflow' ? (tf.backend() as unknown as NativeBackend) : undefined;
}
