import { sumOfSquares } from '../backend/native-kernels.ts';
import type { NamedArray } from '../network/parameters.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';

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
}

/** `line` 1: tensors follow each other without gaps. */
export function layoutOf(
  parameters: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  names: Iterable<string>,
  line = CACHE_LINE,
): Layout {
  const ordered = [...names];
  const shapes = ordered.map((name) => parameters.get(name)?.shape ?? []);
  const sizes = shapes.map((shape) => shape.reduce((product, size) => product * size, 1));
  return { names: ordered, shapes, sizes, line, lines: sizes.map((size) => Math.ceil(size / line)) };
}

/** [line·Σ lines] → tensors in the layout's order. */
export function unflatten(tf: Tf, { shapes, sizes, line, lines }: Layout, flat: Tensor): Tensor[] {
  const all = tf.reshape(flat, [-1, line]);
  // The library's gradient of a split into one part fails.
  const parts = lines.length === 1 ? [all] : tf.split(all, [...lines]);
  return parts.map((part, i) => {
    const [size = 0, shape = []] = [sizes[i], shapes[i]];
    const row = size === part.size ? part : tf.slice(tf.reshape(part, [-1]), 0, size);
    return tf.reshape(row, [...shape]);
  });
}

/** A vector read back, by name; the arrays share one buffer. */
export function named(layout: Layout, flat: Tensor): Map<string, NamedArray> {
  const values = flat.dataSync<'float32'>();
  const begin = begins(layout);
  return new Map(
    layout.names.map((name, i) => {
      const [from = 0, size = 0, shape = []] = [begin[i], layout.sizes[i], layout.shapes[i]];
      return [name, { shape, data: values.subarray(from, from + size) }];
    }),
  );
}

/** The inverse of `named`. Names and sizes must have been checked. */
export function fromNamed(tf: Tf, layout: Layout, arrays: ReadonlyMap<string, NamedArray>): Tensor {
  const begin = begins(layout);
  const values = new Float32Array(layout.line * layout.lines.reduce((sum, lines) => sum + lines, 0));
  for (const [i, name] of layout.names.entries()) values.set(arrays.get(name)?.data ?? [], begin[i]);
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
