import type { Tensor, Tensor2D, Tensor3D, Tensor4D, Tf } from '../../backend/index.ts';
import type { Kernel, Kernels, Recurrence } from './kernels.ts';
import type { Convolution, Layer } from './layout.ts';
import { reflectPad } from './padding.ts';

/** Sees the output of every layer: index, [B,1,T,C]. */
export type Tap = (index: number, output: Tensor4D) => void;

/** Runs numbered layers over a signal [B,1,T,C] (Défossez et al. 2022, SEANet). */
export function runLayers(tf: Tf, layers: readonly Layer[], kernels: Kernels, signal: Tensor4D, tap?: Tap): Tensor4D {
  let x = signal;
  for (const [index, layer] of layers.entries()) {
    x = runLayer(tf, layer, kernels, x);
    tap?.(index, x);
  }
  return x;
}

function runLayer(tf: Tf, layer: Layer, kernels: Kernels, x: Tensor4D): Tensor4D {
  switch (layer.kind) {
    case 'elu':
      return tf.elu(x);
    case 'conv':
      return convolve(tf, layer.conv, kernels, x);
    case 'residual': {
      const inner = convolve(tf, layer.first, kernels, tf.elu(x));
      const outer = convolve(tf, layer.second, kernels, tf.elu(inner));
      return tf.add(layer.shortcut ? convolve(tf, layer.shortcut, kernels, x) : x, outer);
    }
    case 'lstm':
      return layer.layers === 0 ? x : recur(tf, kernels.recurrences.get(layer.name) ?? [], x, inOneGo(tf));
  }
}

export function kernelOf({ convolutions }: Kernels, name: string): Kernel {
  const kernel = convolutions.get(name);
  if (!kernel) throw new Error(`no kernel ${name}`);
  return kernel;
}

/** A causal convolution: padded on the left by kernel − stride; on the right only as far as the last frame needs. */
function convolve(tf: Tf, conv: Convolution, kernels: Kernels, x: Tensor4D): Tensor4D {
  const kernel = kernelOf(kernels, conv.name);
  const { stride, direction, output } = conv;
  const [batch, , length, channels] = x.shape;
  if (direction === 'up') {
    // One frame of silence before the first; what would follow the last one is trimmed.
    const padded = tf.pad(x, [
      [0, 0],
      [0, 0],
      [1, 0],
      [0, 0],
    ]);
    const blocks = tf.conv2d(padded, kernel.filter, 1, 'valid');
    return tf.add(tf.reshape(blocks, [batch, 1, length * stride, output]), kernel.bias) as Tensor4D;
  }
  const left = (conv.kernel - 1) * conv.dilation - (stride - 1);
  const right = Math.ceil(length / stride) * stride - length;
  const padded = reflectPad(tf, x, left, right);
  const blocks = direction === 'down' ? tf.reshape(padded, [batch, 1, (left + length + right) / stride, stride * channels]) : padded;
  return tf.add(tf.conv2d(blocks as Tensor4D, kernel.filter, 1, 'valid', 'NHWC', conv.dilation), kernel.bias) as Tensor4D;
}

/** Runs a recurrent layer from states of zero over all frames: drive [B,T,4H] → outputs [B,T,H]. */
export type Recur = (driven: Tensor3D, recurrent: Tensor2D) => Tensor;

/** Stacked LSTM over [B,1,T,C] with torch's gate order (input, forget, cell, output), with its input added. */
export function recur(tf: Tf, stack: readonly Recurrence[], x: Tensor4D, run: Recur): Tensor4D {
  const [batch, , length, channels] = x.shape;
  let sequence: Tensor = tf.reshape(x, [batch * length, channels]);
  for (const { input, recurrent, bias } of stack) {
    const driven = tf.reshape(tf.add(tf.matMul(sequence as Tensor2D, input as Tensor2D), bias), [batch, length, 4 * channels]);
    sequence = tf.reshape(run(driven as Tensor3D, recurrent as Tensor2D), [batch * length, channels]);
  }
  return tf.add(tf.reshape(sequence, [batch, 1, length, channels]), x) as Tensor4D;
}

const inOneGo =
  (tf: Tf): Recur =>
  (driven, recurrent) => {
    const nothing = tf.zeros([driven.shape[0], recurrent.shape[0]]) as Tensor2D;
    return recurStretch(tf, driven, nothing, nothing, recurrent)[0];
  };

/** Some frames of a recurrent layer: drive [B,T,4H] and both states [B,H] → outputs [B,T,H] and the states after them. */
export function recurStretch(
  tf: Tf,
  driven: Tensor3D,
  before: Tensor2D,
  cellBefore: Tensor2D,
  recurrent: Tensor2D,
): [outputs: Tensor, hidden: Tensor, cell: Tensor] {
  let [hidden, cell]: [Tensor, Tensor] = [before, cellBefore];
  const outputs: Tensor[] = [];
  for (const drive of tf.unstack(driven, 1)) {
    const [i, f, g, o] = tf.split(tf.add(drive, tf.matMul(hidden as Tensor2D, recurrent)), 4, 1) as [Tensor, Tensor, Tensor, Tensor];
    cell = tf.add(tf.mul(tf.sigmoid(f), cell), tf.mul(tf.sigmoid(i), tf.tanh(g)));
    hidden = tf.mul(tf.sigmoid(o), tf.tanh(cell));
    outputs.push(hidden);
  }
  return [tf.stack(outputs, 1), hidden, cell];
}
