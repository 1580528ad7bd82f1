import { nativeBackend, type OpAttribute } from './compile/native-backend.ts';
import type { Tensor, Tf } from './types.ts';

export interface FusedBatchNorm {
  /** x [B,H,W,C], scale and offset [C] → value [B,H,W,C], the batch's mean and unbiased variance [C], and what the gradient needs. */
  forward(x: Tensor, scale: Tensor, offset: Tensor): { value: Tensor; mean: Tensor; variance: Tensor; saved: Tensor[] };
  /** Gradients by x, scale and offset. */
  backward(dy: Tensor, x: Tensor, scale: Tensor, saved: readonly Tensor[]): Tensor[];
}

/** Batch norm by statistics of the batch as one kernel each way, which TensorFlow.js does not offer; undefined where there is no native backend. */
export function fusedBatchNorm(tf: Tf, epsilon: number): FusedBatchNorm | undefined {
  const backend = nativeBackend(tf);
  if (!backend) return undefined;
  const { TF_ATTR_TYPE, TF_ATTR_FLOAT, TF_ATTR_STRING, TF_ATTR_BOOL } = backend.binding as unknown as Record<string, number>;
  const float = backend.getDTypeInteger('float32');
  const attributes = [
    { name: 'T', type: TF_ATTR_TYPE, value: float },
    { name: 'U', type: TF_ATTR_TYPE, value: float },
    { name: 'epsilon', type: TF_ATTR_FLOAT, value: epsilon },
    { name: 'data_format', type: TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: TF_ATTR_BOOL, value: true },
  ] as OpAttribute[];
  const execute = (name: string, inputs: readonly Tensor[], outputs: number) =>
    backend.binding
      .executeOp(name, attributes, backend.getInputTensorIds(inputs), outputs)
      .map((output) => backend.createOutputTensor(output));
  return {
    forward: (x, scale, offset) => {
      const none = tf.zeros([0]); // running estimates, which the kernel reads only outside of training
      const outputs = execute('FusedBatchNormV3', [x, scale, offset, none, none], 6);
      const [value, mean, variance, ...saved] = outputs as [Tensor, Tensor, Tensor, ...Tensor[]];
      return { value, mean, variance, saved };
    },
    backward: (dy, x, scale, saved) => execute('FusedBatchNormGradV3', [dy, x, scale, ...saved], 5).slice(0, 3),
  };
}
