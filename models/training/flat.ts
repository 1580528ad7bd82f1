import { sumOfSquares } from '../backend/native-kernels.ts';
import type { NamedArray } from '../network/parameters.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';

const KERNEL_AXES = [2, 3, 1, 0] as const;
const TORCH_AXES = [3, 2, 0, 1] as const;
const permuted = (shape: readonly number[], axes: readonly number[]): number[] => axes.map((axis) => shape[axis] ?? 0);

/** A kernel between the two orders, on the host and in either direction: [a,b,c] → [c,b,a], where the axes of a window count as one. */
function turnKernel(source: Float32Array, a: number, b: number, c: number, target: Float32Array): Float32Array {
  // In this order memory is read and written in runs: twice as fast as with i outside.
  for (let j = 0; j < b; j++)
    for (let i = 0; i < a; i++) for (let k = 0; k < c; k++) target[(k * b + j) * a + i] = source[(i * b + j) * c + k] ?? 0;
  return target;
}

/** Floats of a cache line, at whose borders the native backend gives out parts of a tensor without copying them. */
const CACHE_LINE = 16;

/**
 * Many named tensors as one vector, in a fixed order: an optimiser step is then a dozen kernels
 * in place of a dozen for each of some hundred weights. Every tensor begins at a whole line; what is left over between them is zero and stays so.
 */
export interface Layout {
  readonly names: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly sizes: readonly number[];
  /** Floats of a line, and how many of those each tensor takes. */
  readonly line: number;
  readonly lines: readonly number[];
  /** Whether tensors of four axes are kernels as torch has them, [out,in,kh,kw], and lie as TensorFlow's convolutions read them, [kh,kw,in,out]: no step turns them there and their gradients back. */
  readonly turnsKernels: boolean;
}

/** `line` 1: tensors follow each other without gaps. */
export function layoutOf(
  parameters: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  names: Iterable<string>,
  { line = CACHE_LINE, turnsKernels = true }: { readonly line?: number; readonly turnsKernels?: boolean } = {},
): Layout {
  const ordered = [...names];
  const shapes = ordered.map((name) => parameters.get(name)?.shape ?? []);
  const sizes = shapes.map((shape) => shape.reduce((product, size) => product * size, 1));
  return { names: ordered, shapes, sizes, line, lines: sizes.map((size) => Math.ceil(size / line)), turnsKernels };
}

const isTurned = ({ turnsKernels }: Layout, { length }: readonly number[]): boolean => turnsKernels && length === KERNEL_AXES.length;

/** [line·Σ lines] → tensors in the layout's order. */
export function unflatten(tf: Tf, layout: Layout, flat: Tensor): Tensor[] {
  const { shapes, sizes, line, lines } = layout;
  const all = tf.reshape(flat, [-1, line]);
  // The library's gradient of a split into one part fails.
  const parts = lines.length === 1 ? [all] : tf.split(all, [...lines]);
  return parts.map((part, i) => {
    const [size = 0, shape = []] = [sizes[i], shapes[i]];
    const row = size === part.size ? part : tf.slice(tf.reshape(part, [-1]), 0, size);
    return isTurned(layout, shape)
      ? tf.transpose(tf.reshape(row, permuted(shape, KERNEL_AXES)), [...TORCH_AXES])
      : tf.reshape(row, [...shape]);
  });
}

/** A vector read back, by name; arrays that lie in it as they are share its buffer. */
export function named(layout: Layout, flat: Tensor): Map<string, NamedArray> {
  const values = flat.dataSync<'float32'>();
  const begin = begins(layout);
  return new Map(
    layout.names.map((name, i) => {
      const [from = 0, size = 0, shape = []] = [begin[i], layout.sizes[i], layout.shapes[i]];
      const data = values.subarray(from, from + size);
      if (!isTurned(layout, shape)) return [name, { shape, data }];
      const [outputs = 0, inputs = 0, rows = 0, columns = 0] = shape;
      return [name, { shape, data: turnKernel(data, rows * columns, inputs, outputs, new Float32Array(size)) }];
    }),
  );
}

/** The inverse of `named`. Names and sizes must have been checked. */
export function fromNamed(tf: Tf, layout: Layout, arrays: ReadonlyMap<string, NamedArray>): Tensor {
  const begin = begins(layout);
  const values = new Float32Array(layout.line * layout.lines.reduce((sum, lines) => sum + lines, 0));
  for (const [i, name] of layout.names.entries()) {
    const { shape = [], data = new Float32Array() } = arrays.get(name) ?? {};
    const [outputs = 0, inputs = 0, rows = 0, columns = 0] = shape;
    if (isTurned(layout, shape)) turnKernel(data, outputs, inputs, rows * columns, values.subarray(begin[i]));
    else values.set(data, begin[i]);
  }
  return tf.tensor1d(values);
}

function begins({ line, lines }: Layout): number[] {
  let from = 0;
  return lines.map((count) => {
    const begin = from;
    from += line * count;
    return begin;
  });
}

/** ‖v‖₂ of [n] as a scalar. */
export const globalNorm = (tf: Tf, flat: Tensor): Tensor => tf.sqrt(sumOfSquares(tf, flat));
