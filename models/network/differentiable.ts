import type { Tensor, Tf } from './tensor-types.ts';

export interface Differentiable {
  readonly value: Tensor;
  /** What the gradient needs; everything else is freed after the forward pass. */
  readonly saved: readonly Tensor[];
  /** Gradients by the inputs, in their order. */
  readonly backward: (dy: Tensor, saved: readonly Tensor[]) => Tensor[];
}

/**
 * One operation with a hand-written gradient. Fewer kernels and fewer kept tensors than the composed one,
 * which is what eager execution pays for: about 60 µs an operation.
 */
export function differentiable(tf: Tf, inputs: readonly Tensor[], forward: (...inputs: Tensor[]) => Differentiable): Tensor {
  const operation = tf.customGrad((...given) => {
    // The library types tensors and its save function as one list; the last is always the function.
    const save = given[given.length - 1] as (tensors: Tensor[]) => void;
    const { value, saved, backward } = forward(...(given.slice(0, -1) as Tensor[]));
    save([...saved]);
    return { value, gradFunc: backward };
  });
  return operation(...inputs);
}

/** Element `index` of a list whose length the code around it fixes. */
export function at<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError(`No element ${index} in a list of ${list.length}.`);
  return value;
}

/** Size of an axis, counted from the end if negative. */
export const size = (tensor: Tensor, axis: number): number => at(tensor.shape, axis < 0 ? tensor.rank + axis : axis);
