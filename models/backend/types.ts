import type * as tfjs from '@tensorflow/tfjs';

/** The one TensorFlow.js instance of this process; model code receives it as its first argument. */
export type Tf = typeof tfjs;
export type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Variable } from '@tensorflow/tfjs';

/** `tensorflow`: native kernels; `wasm`: WebAssembly with the kernels that training needs added; `cpu`: plain JavaScript. */
export type BackendName = 'tensorflow' | 'wasm' | 'cpu';

export interface Backend {
  readonly name: BackendName;
  readonly tf: Tf;
  /** Threads used inside one operation; a part of what makes results repeat bit for bit. */
  readonly threads: number;
  /** Version of the library that computes. */
  readonly version: string;
  /** Everything else that can change the last bits of a result. */
  readonly flags: Readonly<Record<string, string>>;
}

export interface BackendOptions {
  /** Default: the cores this process may use. Only the native backend has more than one. */
  readonly threads?: number;
}
