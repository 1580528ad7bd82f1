import type { Tensor, Tf } from '../types.ts';
import { nativeBackend } from './native-backend.ts';

/**
 * The same value, in a compiled function not before `first` has been computed. What is computed from it is then neither begun early nor
 * merged with what was computed from `tensor` before. Outside of a recording: the tensor itself, because operations run in their order.
 */
export function after(tf: Tf, tensor: Tensor, first: Tensor): Tensor {
  const backend = nativeBackend(tf);
  if (!backend?.binding.after) return tensor;
  const [id = 0, firstId = 0] = backend.getInputTensorIds([tensor, first]);
  return backend.createOutputTensor(backend.binding.after(id, firstId, backend.getDTypeInteger(tensor.dtype)));
}
