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
  const { binding } = backend;
  const float = backend.getDTypeInteger('float32');
  const attribute = (name: string, kind: string, value: unknown): OpAttribute => ({
    name,
    type: Number(binding[`TF_ATTR_${kind}`]),
    value,
  });
  const attributes = [
    attribute('T', 'TYPE', float),
    attribute('U', 'TYPE', float),
    attribute('epsilon', 'FLOAT', epsilon),
    attribute('data_format', 'STRING', 'NHWC'),
    attribute('is_training', 'BOOL', true),
  ];
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
