import type { Tensor, Tensor3D, Tensor4D, Tf } from '../../backend/index.ts';
import { type Convolution, convolutions, type Layer, type Layout } from './layout.ts';

/** A convolution ready to run: `filter` [1, taps, in, out] of a convolution without stride. */
export interface Kernel {
  readonly filter: Tensor4D;
  readonly bias: Tensor;
}
/** One recurrent layer: `input` and `recurrent` [H, 4H], `bias` [4H] (both of torch's summed). */
export interface Recurrence {
  readonly input: Tensor;
  readonly recurrent: Tensor;
  readonly bias: Tensor;
}
export interface Kernels {
  readonly convolutions: ReadonlyMap<string, Kernel>;
  readonly recurrences: ReadonlyMap<string, readonly Recurrence[]>;
}

/** Everything that does not depend on the signal, differentiable in the weights: once a training step, once for all in use. */
export function buildKernels(tf: Tf, layout: Layout, weights: ReadonlyMap<string, Tensor>): Kernels {
  const get = (name: string): Tensor => {
    const tensor = weights.get(name);
    if (!tensor) throw new Error(`no tensor ${name}`);
    return tensor;
  };
  const layers: readonly Layer[] = [...layout.encoder, ...layout.decoder];
  const convolutionKernels = convolutions(layers).map((conv): [string, Kernel] => {
    const weight = normedWeight(tf, get(`${conv.name}.weight_g`), get(`${conv.name}.weight_v`));
    return [conv.name, { filter: blockFilter(tf, conv, weight), bias: get(`${conv.name}.bias`) }];
  });
  const recurrences = layers.flatMap((layer): [string, Recurrence[]][] => {
    if (layer.kind !== 'lstm') return [];
    const part = (name: string, i: number): Tensor => get(`${layer.name}.${name}_l${i}`);
    const stack = Array.from({ length: layer.layers }, (_, i) => ({
      input: part('weight_ih', i).transpose(),
      recurrent: part('weight_hh', i).transpose(),
      bias: tf.add(part('bias_ih', i), part('bias_hh', i)),
    }));
    return [[layer.name, stack]];
  });
  return { convolutions: new Map(convolutionKernels), recurrences: new Map(recurrences) };
}

/** Weight normalisation (Salimans & Kingma 2016): g·v/‖v‖, the norm over all axes but the first. */
function normedWeight(tf: Tf, g: Tensor, v: Tensor): Tensor3D {
  return tf.mul(v, tf.div(g, tf.sqrt(tf.sum(tf.square(v), [1, 2], true)))) as Tensor3D;
}

/**
 * Strided convolutions become plain ones with two taps on blocks of `stride` samples, because their kernels are two strides long:
 * `down` reads a block of samples as channels, `up` writes one. TensorFlow computes these several times faster, and so does WebAssembly.
 */
function blockFilter(tf: Tf, { direction, input, output, kernel, stride }: Convolution, weight: Tensor3D): Tensor4D {
  if (direction === 'same') return tf.reshape(tf.transpose(weight, [2, 1, 0]), [1, kernel, input, output]);
  if (direction === 'down') return tf.reshape(tf.transpose(weight, [2, 1, 0]), [1, 2, stride * input, output]);
  // [in, out, 2, stride] → taps reversed: the older block meets the second half of the kernel.
  const halves = tf.transpose(tf.reshape(weight, [input, output, 2, stride]), [2, 0, 3, 1]);
  return tf.reshape(tf.reverse(halves, 0), [1, 2, input, stride * output]);
}
