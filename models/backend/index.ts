export { after } from './compile/after.ts';
export { compile, type TensorFunction } from './compile/compile.ts';
export { compileNamed, type NamedTensors } from './compile/named.ts';
export { type BackendChoice, loadBackend } from './load.ts';
export type {
  Backend,
  BackendName,
  BackendOptions,
  Scalar,
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  Tf,
  Variable,
} from './types.ts';
