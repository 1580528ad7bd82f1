import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor, Tf } from '../types.ts';
import { attribute, node, savedModel } from './graph-def.ts';
import { type NativeBackend, nativeBackend, type OpAttribute } from './native-backend.ts';
import type { Bytes } from './protobuf.ts';
import { type RecordedOp, type Recording, record } from './record.ts';

export type TensorFunction = (inputs: readonly Tensor[]) => readonly Tensor[];

/**
 * Makes one native call of a function of tensors: it is run once and recorded, written as a TensorFlow graph, and from then on
 * the graph runs, which shares buffers and fuses operations. Where there is no native backend, the function itself is returned
 * with its intermediates freed.
 *
 * The function must be pure: shapes fixed by the inputs' shapes, no value read on the host, everything that changes from call to
 * call among the inputs (a variable that is used from outside counts as an input if it is passed as one, else as a constant).
 * One graph is kept for each set of input shapes.
 */
export function compile(tf: Tf, run: TensorFunction): { readonly call: TensorFunction; dispose(): void } {
  const backend = nativeBackend(tf);
  if (!backend) return { call: (inputs) => tf.tidy(() => [...run(inputs)]), dispose: () => {} };
  const graphs = new Map<string, Graph>();
  return {
    call: (inputs) => {
      const signature = JSON.stringify(inputs.map(({ shape, dtype }) => [shape, dtype]));
      const graph = graphs.get(signature) ?? recordGraph(tf, backend, inputs, run);
      graphs.set(signature, graph);
      const outputs = backend.binding.runSavedModel(graph.id, backend.getInputTensorIds(inputs), graph.inputNames, graph.outputNames);
      return outputs.map((output) => backend.createOutputTensor(output));
    },
    dispose: () => {
      for (const { id } of graphs.values()) backend.binding.deleteSavedModel(id);
      graphs.clear();
    },
  };
}

interface Graph {
  readonly id: number;
  readonly inputNames: string;
  readonly outputNames: string;
}

/** Two inputs that are one tensor at this call may be two at the next, so that one of them is copied for the recording. */
function recordGraph(tf: Tf, backend: NativeBackend, inputs: readonly Tensor[], run: TensorFunction): Graph {
  const ids = backend.getInputTensorIds(inputs);
  const copies: Tensor[] = [];
  const distinct = inputs.map((input, i) => {
    if (ids.indexOf(ids[i] ?? 0) === i) return input;
    const copy = tf.tensor(input.dataSync(), input.shape, input.dtype);
    copies.push(copy);
    return copy;
  });
  try {
    return loadGraph(
      backend,
      record(tf, backend, distinct, () => run(distinct)),
    );
  } finally {
    tf.dispose(copies);
  }
}

function loadGraph(backend: NativeBackend, recording: Recording): Graph {
  const nodes = graphNodes(backend, recording);
  const directory = mkdtempSync(join(tmpdir(), 'sostenuto-graph-'));
  try {
    writeFileSync(join(directory, 'saved_model.pb'), savedModel(nodes));
    const list = (name: string, count: number): string => Array.from({ length: count }, (_, i) => `${name}${i}:0`).join(',');
    return {
      id: backend.binding.loadSavedModel(directory, 'serve'),
      inputNames: list('input', recording.inputs.length),
      outputNames: list('output', recording.outputs.length),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Inputs as placeholders, constants merged by content, operations in their order, outputs as identities. */
function graphNodes(backend: NativeBackend, { ops, constants, inputs, outputs }: Recording): Bytes[] {
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
    if (!constant) throw new Error(`a tensor of unknown origin entered the graph (${id})`);
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
  for (const [i, op] of ops.entries()) {
    const given = Object.fromEntries(op.attributes.map((item) => [item.name, encodeAttribute(backend, item)]));
    const { name, attributes } = plainProduct(op, { ...inferredTypes(op, typeOf), ...given });
    const control = op.after === undefined ? [] : [`^${sourceOf(op.after).replace(/:.*/, '')}`];
    nodes.push(node(`op${i}`, name, [...op.inputs.map(sourceOf), ...control], attributes));
    for (const [k, { id }] of op.outputs.entries()) source.set(id, k === 0 ? `op${i}` : `op${i}:${k}`);
  }
  for (const [i, { id, dtype }] of outputs.entries())
    nodes.push(node(`output${i}`, 'Identity', [sourceOf(id)], { T: attribute.type(dtype) }));
  return nodes;
}

/** Types that an operation run at once takes from its inputs, and that a graph must be told. */
function inferredTypes({ name, inputs }: RecordedOp, typeOf: (id: number) => number): Record<string, Bytes> {
  const [first = 0, second = 0] = inputs;
  return name === 'ExpandDims' ? { T: attribute.type(typeOf(first)), Tdim: attribute.type(typeOf(second)) } : {};
}

/** A product of two matrices: TensorFlow fuses `MatMul` with what follows, `BatchMatMulV2` not. */
function plainProduct({ name, outputs }: RecordedOp, encoded: Record<string, Bytes>): { name: string; attributes: Record<string, Bytes> } {
  const { T, adj_x, adj_y } = encoded;
  if (name !== 'BatchMatMulV2' || outputs[0]?.shape.length !== 2 || !T) return { name, attributes: encoded };
  const no = attribute.boolean(false);
  return { name: 'MatMul', attributes: { T, transpose_a: adj_x ?? no, transpose_b: adj_y ?? no } };
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
      throw new Error(`attribute ${name} of type ${type} cannot be written`);
  }
}
