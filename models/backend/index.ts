export { after } from './compile/after.ts';
export { type CompileOptions, compile, type TensorFunction } from './compile/compile.ts';
export type { Precision } from './compile/graph.ts';
export { compileNamed, type NamedTensors } from './compile/named.ts';
export { environmentOf } from './environment.ts';
export { fusedKernels } from './fused/kernels.ts';
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
