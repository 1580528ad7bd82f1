import { fusedNarrow } from '../fused/shapes.ts';
import { attribute } from './graph-def.ts';
import type { Bytes } from './protobuf.ts';
import type { RecordedOp, Recording } from './record.ts';

const PRODUCTS = new Set(['MatMul', 'BatchMatMulV2', 'Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter']);
export const isProduct = (name: string): boolean => PRODUCTS.has(name);

/**
 * The same by another kernel, where TensorFlow has a faster one. A product of two matrices: `MatMul` is fused with what follows,
 * `BatchMatMulV2` is not. A sum over all axes but the last: `BiasAddGrad` takes an eighth of the time of `Sum`.
 */
export function fasterKernel(
  { name, inputs, outputs }: RecordedOp,
  encoded: Record<string, Bytes>,
  wholeOf: (id: number) => readonly number[] | undefined,
): { readonly name: string; readonly inputs: readonly number[]; readonly attributes: Record<string, Bytes> } {
  const { T, adj_x, adj_y } = encoded;
  const rank = outputs[0]?.shape.length;
  if (name === 'BatchMatMulV2' && rank === 2 && T) {
    const no = attribute.boolean(false);
    return { name: 'MatMul', inputs, attributes: { T, transpose_a: adj_x ?? no, transpose_b: adj_y ?? no } };
  }
  const [x = 0, axes = 0] = inputs;
  const summed = wholeOf(axes);
  if (name === 'Sum' && rank === 1 && T && summed && summed.length > 0 && summed.every((axis, i) => axis === i)) {
    return { name: 'BiasAddGrad', inputs: [x], attributes: { T, data_format: attribute.text('NHWC') } };
  }
  return { name, inputs, attributes: encoded };
}

/** Sums of a matrix product that nothing else reads and a vector along its last axis: as `BiasAdd` of the same type they are one kernel with the product. */
export function biasedProducts({ ops, inputs, constants, outputs }: Recording) {
  const makers = new Map(ops.flatMap((op) => op.outputs.map(({ id }) => [id, op] as const)));
  const ranks = new Map([...inputs, ...ops.flatMap(({ outputs }) => outputs)].map(({ id, shape }) => [id, shape.length]));
  for (const [id, { shape }] of constants) ranks.set(id, shape.length);
  const readers = new Map<number, number>();
  for (const id of [...ops.flatMap(({ inputs }) => inputs), ...outputs.map(({ id }) => id)]) readers.set(id, (readers.get(id) ?? 0) + 1);
  return new Map(
    ops.flatMap((op) => {
      const [product = 0, bias = 0] = op.inputs;
      const fits =
        (op.name === 'Add' || op.name === 'AddV2') && ranks.get(product) === 2 && ranks.get(bias) === 1 && readers.get(product) === 1;
      return fits && isProduct(makers.get(product)?.name ?? '') ? [[op, { product, bias }] as const] : [];
    }),
  );
}

/** Results of fused kernels that nothing but products reads, also by way of other shapes: those are rounded in any case, so that they can leave the kernel rounded. */
export function readByProducts({ ops, outputs }: Recording): ReadonlySet<number> {
  const readers = new Map<number, RecordedOp[]>();
  for (const op of ops) for (const id of op.inputs) readers.set(id, [...(readers.get(id) ?? []), op]);
  const isOutput = new Set(outputs.map(({ id }) => id));
  const reads = (op: RecordedOp, id: number): boolean =>
    isProduct(op.name) || (op.name === 'Reshape' && op.inputs[0] === id && op.outputs.every(({ id }) => onlyProducts(id)));
  const onlyProducts = (id: number): boolean => {
    const found = readers.get(id) ?? [];
    return found.length > 0 && !isOutput.has(id) && found.every((op) => reads(op, id));
  };
  const made = ops.flatMap(({ name, outputs }) => outputs.slice(0, fusedNarrow(name)?.[1] ?? 0).map(({ id }) => id));
  return new Set(made.filter(onlyProducts));
}
