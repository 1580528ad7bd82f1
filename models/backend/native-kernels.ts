/** Kernels of TensorFlow that TensorFlow.js puts together from several; each with what stands for it where there is no native backend. */
import { nativeBackend } from './compile/native-backend.ts';
import type { Tensor, Tf } from './types.ts';

/** The first result of a kernel that has no attribute but its type. */
function run(tf: Tf, name: string, inputs: readonly [Tensor, ...Tensor[]]): Tensor | undefined {
  const backend = nativeBackend(tf);
  if (!backend) return undefined;
  const type = { name: 'T', type: Number(backend.binding['TF_ATTR_TYPE']), value: backend.getDTypeInteger(inputs[0].dtype) };
  const [output] = backend.binding.executeOp(name, [type], backend.getInputTensorIds(inputs), 1);
  return output && backend.createOutputTensor(output);
}

/** dy where y, which relu gave, is above 0, else 0. */
export const reluGradient = (tf: Tf, dy: Tensor, y: Tensor): Tensor => run(tf, 'ReluGrad', [dy, y]) ?? tf.mul(dy, tf.step(y));

/** dy·(1 − y²) of y, which tanh gave. */
export const tanhGradient = (tf: Tf, dy: Tensor, y: Tensor): Tensor => run(tf, 'TanhGrad', [y, dy]) ?? tf.mul(dy, tf.sub(1, tf.square(y)));

/** Σx² of all values. */
export function sumOfSquares(tf: Tf, x: Tensor): Tensor {
  const half = run(tf, 'L2Loss', [x]);
  return half ? tf.mul(half, 2) : rowByRow(tf, x);
}

const ROW = 1024;

/** In two levels, because a backend may add float32 values one after the other and lose digits over millions. */
function rowByRow(tf: Tf, x: Tensor): Tensor {
  const rows = Math.ceil(x.size / ROW);
  const padded = tf.pad(tf.reshape(x, [-1]), [[0, rows * ROW - x.size]]);
  return tf.sum(tf.sum(tf.square(tf.reshape(padded, [rows, ROW])), 1));
}
