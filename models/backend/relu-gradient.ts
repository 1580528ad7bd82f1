import { nativeBackend } from './compile/native-backend.ts';
import type { Tensor, Tf } from './types.ts';

/** dy where y, which relu gave, is above 0, else 0. One kernel where TensorFlow is native; TensorFlow.js puts it together from six. */
export function reluGradient(tf: Tf, dy: Tensor, y: Tensor): Tensor {
  const backend = nativeBackend(tf);
  if (!backend) return tf.mul(dy, tf.step(y));
  const { binding } = backend;
  const type = { name: 'T', type: Number(binding['TF_ATTR_TYPE']), value: backend.getDTypeInteger(y.dtype) };
  const outputs = binding.executeOp('ReluGrad', [type], backend.getInputTensorIds([dy, y]), 1);
  const [gradient = dy] = outputs.map((output) => backend.createOutputTensor(output));
  return gradient;
}
