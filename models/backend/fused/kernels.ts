import { nativeBackend } from '../compile/native-backend.ts';
import type { Tensor, Tf } from '../types.ts';
import { hasFusedKernels } from './load.ts';
import { FUSED_SHAPES, type FusedKernel, operationOf } from './shapes.ts';

/** Runs a kernel; the C++ of its name says what it reads and gives. */
export type RunFused = (kernel: FusedKernel, inputs: readonly Tensor[]) => Tensor[];

/** The project's own kernels, each in place of several of TensorFlow's; undefined where they are not: without a compiler at set-up, and on any other backend. */
export function fusedKernels(tf: Tf): RunFused | undefined {
  const backend = hasFusedKernels() ? nativeBackend(tf) : undefined;
  if (!backend) return undefined;
  return (kernel, inputs) => {
    const count = FUSED_SHAPES[kernel](inputs.map(({ shape }) => shape)).length;
    const outputs = backend.binding.executeOp(operationOf(kernel), [], backend.getInputTensorIds(inputs), count);
    return outputs.map((output) => backend.createOutputTensor(output));
  };
}
