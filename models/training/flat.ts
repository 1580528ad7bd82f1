import type { NamedArray } from '../network/parameters.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';

/**
 * Many named tensors as one vector, in a fixed order: an optimiser step is then a dozen kernels
 * in place of a dozen for each of some hundred weights.
 */
export interface Layout {
  readonly names: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly sizes: readonly number[];
}

export function layoutOf(parameters: ReadonlyMap<string, { readonly shape: readonly number[] }>, names: Iterable<string>): Layout {
  const ordered = [...names];
  const shapes = ordered.map((name) => parameters.get(name)?.shape ?? []);
  return { names: ordered, shapes, sizes: shapes.map((shape) => shape.reduce((product, size) => product * size, 1)) };
}

/** [Σ sizes] → tensors in the layout's order. */
export const unflatten = (tf: Tf, layout: Layout, flat: Tensor): Tensor[] =>
  // The library's gradient of a split into one part fails.
  (layout.sizes.length === 1 ? [flat] : tf.split(flat, [...layout.sizes])).map((part, i) =>
    tf.reshape(part, [...(layout.shapes[i] ?? [])]),
  );

/** [Σ sizes] read back, by name; the arrays share one buffer. */
export function named(layout: Layout, flat: Tensor): Map<string, NamedArray> {
  const values = flat.dataSync<'float32'>();
  const all = new Map<string, NamedArray>();
  let from = 0;
  layout.names.forEach((name, i) => {
    const to = from + (layout.sizes[i] ?? 0);
    all.set(name, { shape: layout.shapes[i] ?? [], data: values.subarray(from, to) });
    from = to;
  });
  return all;
}

/** The inverse of `named`. Names and sizes must have been checked. */
export function fromNamed(tf: Tf, layout: Layout, arrays: ReadonlyMap<string, NamedArray>): Tensor {
  const values = new Float32Array(layout.sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  layout.names.forEach((name, i) => {
    values.set(arrays.get(name)?.data ?? [], at);
    at += layout.sizes[i] ?? 0;
  });
  return tf.tensor1d(values);
}

const ROW = 1024;

/** ‖v‖₂ of [n] as a scalar. In two levels, because some backends add float32 values one after the other and lose digits over millions. */
export function globalNorm(tf: Tf, flat: Tensor): Tensor {
  const rows = Math.ceil(flat.size / ROW);
  const padded = tf.pad(flat, [[0, rows * ROW - flat.size]]);
  return tf.sqrt(tf.sum(tf.sum(tf.square(tf.reshape(padded, [rows, ROW])), 1)));
}
