import { createHash } from 'node:crypto';
import { fusedNarrow } from '../fused/shapes.ts';
import { attribute, node } from './graph-def.ts';
import type { NativeBackend, OpAttribute } from './native-backend.ts';
import { notCompilable } from './not-compilable.ts';
import type { Bytes } from './protobuf.ts';
import { type RecordedOp, type Recording, wholeNumbers } from './record.ts';
import { biasedProducts, fasterKernel, isProduct, readByProducts } from './rewrite.ts';

/** `bf16`: products of matrices and convolutions of numbers rounded to bfloat16, summed in float32; all else, weights too, stays float32. */
export type Precision = 'f32' | 'bf16';

const BFLOAT16 = 14;

/** Inputs as placeholders, constants merged by content, operations in their order, outputs as identities. */
export function graphNodes(backend: NativeBackend, recording: Recording, precision: Precision): Bytes[] {
  const { ops, constants, inputs, outputs } = recording;
  const nodes: Bytes[] = [];
  const source = new Map<number, string>();
  const merged = new Map<string, string>();
  for (const [i, { id, shape, dtype }] of inputs.entries()) {
    nodes.push(node(`input${i}`, 'Placeholder', [], { dtype: attribute.type(dtype), shape: attribute.shape(shape) }));
    source.set(id, `input${i}`);
  }
  const sourceOf = (id: number): string => {
    const found = source.get(id);
    if (found !== undefined) return found;
    const constant = constants.get(id);
    if (!constant) throw notCompilable('a tensor of unknown origin enters it');
    const { shape, dtype, bytes } = constant;
    const content = createHash('sha256').update(`${dtype}:${shape}`).update(bytes).digest('hex');
    let name = merged.get(content);
    if (name === undefined) {
      name = `constant${merged.size}`;
      merged.set(content, name);
      nodes.push(node(name, 'Const', [], { dtype: attribute.type(dtype), value: attribute.tensor(dtype, shape, bytes) }));
    }
    source.set(id, name);
    return name;
  };
  const types = new Map([...inputs, ...ops.flatMap(({ outputs }) => outputs)].map(({ id, dtype }) => [id, dtype]));
  const typeOf = (id: number): number => types.get(id) ?? constants.get(id)?.dtype ?? 0;
  const rounded = roundedSources(backend, nodes);
  /** Sources in bfloat16 of what products gave, and of what only products read. */
  const half = new Map<number, string>();
  const halfOf = (id: number): string => half.get(id) ?? (typeOf(id) === rounded.float ? rounded.of(sourceOf(id)) : sourceOf(id));
  const narrow = precision === 'bf16' ? readByProducts(recording) : new Set<number>();
  const biased = precision === 'bf16' ? biasedProducts(recording) : undefined;
  for (const [i, op] of ops.entries()) {
    const given = Object.fromEntries(op.attributes.map((item) => [item.name, encodeAttribute(backend, item)]));
    const { name, inputs, attributes } = fasterKernel(op, { ...inferredTypes(op, typeOf), ...given }, (id) =>
      wholeNumbers(constants.get(id)),
    );
    const control = op.after === undefined ? [] : [`^${sourceOf(op.after).replace(/:.*/, '')}`];
    const [first = 0, second = 0] = op.inputs;
    const bias = half.has(first) ? biased?.get(op) : undefined;
    const widened = (type: string, read: readonly string[], attributes: Record<string, Bytes>) => {
      nodes.push(node(`product${i}`, type, read, { ...attributes, T: attribute.type(BFLOAT16) }));
      nodes.push(cast(`op${i}`, `product${i}`, BFLOAT16, rounded.float));
      for (const { id } of op.outputs) half.set(id, `product${i}`);
    };
    const fused = fusedNarrow(name);
    if (precision === 'bf16' && isProduct(name)) widened(name, op.inputs.map(halfOf), attributes);
    else if (bias) widened('BiasAdd', [halfOf(bias.product), halfOf(bias.bias)], { data_format: attribute.text('NHWC') });
    else if (name === 'Reshape' && half.has(first)) widened(name, [halfOf(first), sourceOf(second)], attributes);
    else {
      const isHalf = inputs.map((id, i) => half.has(id) && i < (fused?.[0] ?? 0));
      const types = fused ? fusedTypes(op, isHalf, narrow, rounded.float) : {};
      const read = inputs.map((id, i) => (isHalf[i] && half.get(id)) || sourceOf(id));
      nodes.push(node(`op${i}`, name, [...read, ...control], { ...attributes, ...types }));
    }
    for (const [k, { id }] of op.outputs.entries()) {
      source.set(id, k === 0 ? `op${i}` : `op${i}:${k}`);
      if (fused && narrow.has(id)) half.set(id, source.get(id) ?? '');
    }
  }
  for (const [i, { id, dtype }] of outputs.entries())
    nodes.push(node(`output${i}`, 'Identity', [sourceOf(id)], { T: attribute.type(dtype) }));
  return nodes;
}

/** Each input and output of a fused kernel has a type of its own. */
function fusedTypes({ outputs }: RecordedOp, isHalf: readonly boolean[], narrow: ReadonlySet<number>, float: number) {
  const type = (isNarrow: boolean) => attribute.type(isNarrow ? BFLOAT16 : float);
  return Object.fromEntries([
    ...isHalf.map((half, i) => [`I${i}`, type(half)]),
    ...outputs.map(({ id }, i) => [`O${i}`, type(narrow.has(id))]),
  ]);
}

const cast = (name: string, source: string, from: number, to: number): Bytes =>
  node(name, 'Cast', [source], { SrcT: attribute.type(from), DstT: attribute.type(to), Truncate: attribute.boolean(false) });

/** Sources rounded to bfloat16, each once, however many products read it. */
function roundedSources(backend: NativeBackend, nodes: Bytes[]) {
  const float = backend.getDTypeInteger('float32');
  const known = new Map<string, string>();
  return {
    float,
    of: (source: string): string => {
      const name = known.get(source) ?? `rounded${known.size}`;
      if (!known.has(source)) nodes.push(cast(name, source, float, BFLOAT16));
      known.set(source, name);
      return name;
    },
  };
}

/** Types that an operation run at once takes from its inputs, and that a graph must be told. */
function inferredTypes({ name, inputs }: RecordedOp, typeOf: (id: number) => number): Record<string, Bytes> {
  const [first = 0, second = 0] = inputs;
  return name === 'ExpandDims' ? { T: attribute.type(typeOf(first)), Tdim: attribute.type(typeOf(second)) } : {};
}

function encodeAttribute({ binding }: NativeBackend, { name, type, value }: OpAttribute): Bytes {
  switch (type) {
    case binding.TF_ATTR_STRING:
      return attribute.text(String(value));
    case binding.TF_ATTR_INT:
      return Array.isArray(value) ? attribute.wholes(value) : attribute.whole(Number(value));
    case binding.TF_ATTR_FLOAT:
      return Array.isArray(value) ? attribute.floats(value) : attribute.float(Number(value));
    case binding.TF_ATTR_BOOL:
      return attribute.boolean(Boolean(value));
    case binding.TF_ATTR_TYPE:
      return attribute.type(Number(value));
    case binding.TF_ATTR_SHAPE:
      return attribute.shape(value as number[]);
    default:
      throw notCompilable(`attribute ${name} of type ${type} cannot be written`);
  }
}
