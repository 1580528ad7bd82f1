import { fusedShapes } from '../fused/shapes.ts';
import type { Tensor, Tf } from '../types.ts';
import type { Binding, NativeBackend, NativeTensor, OpAttribute } from './native-backend.ts';
import { notCompilable } from './not-compilable.ts';
import { resultShapes } from './shapes.ts';

export interface RecordedOp {
  readonly name: string;
  readonly attributes: readonly OpAttribute[];
  readonly inputs: readonly number[];
  readonly outputs: readonly NativeTensor[];
  /** A tensor that must be there first. */
  readonly after?: number;
}
export interface Constant {
  readonly shape: readonly number[];
  readonly dtype: number;
  readonly bytes: Uint8Array;
}
export interface Recording {
  readonly ops: readonly RecordedOp[];
  readonly constants: ReadonlyMap<number, Constant>;
  /** Native identities of the inputs and outputs. */
  readonly inputs: readonly NativeTensor[];
  readonly outputs: readonly NativeTensor[];
}

/**
 * Runs a function once and writes down every native operation. Identities never repeat, so the flow of data is exact whatever
 * is disposed. Tensors from outside that are no inputs become constants. Only shapes matter: most operations are not run at all, others on
 * zeros, so that recording needs little time and memory. Throws `NOT_COMPILABLE` if the function reads a value that it computed.
 */
export function record(tf: Tf, backend: NativeBackend, inputs: readonly Tensor[], run: () => readonly Tensor[]): Recording {
  const original = backend.binding;
  const ops: RecordedOp[] = [];
  const constants = new Map<number, Constant>();
  const made = new Map<number, string>();
  const shapes = new Map<number, readonly number[]>();
  const float = Number(original['TF_FLOAT']);
  const standIns = zeros(original, float, shapes);
  const info = (tensors: readonly Tensor[]): NativeTensor[] => {
    const ids = backend.getInputTensorIds(tensors);
    return tensors.map((tensor, i) => ({ id: ids[i] ?? 0, shape: [...tensor.shape], dtype: backend.getDTypeInteger(tensor.dtype) }));
  };
  const known = info(inputs);
  for (const { id, shape } of known) shapes.set(id, shape);
  const isInput = new Set(known.map(({ id }) => id));
  const getIds = backend.getInputTensorIds.bind(backend);
  let symbols = 0;
  /** Results without computing them, if their shapes are known; they have negative identities. */
  const infer = (name: string, attributes: readonly OpAttribute[], ids: readonly number[]): NativeTensor[] | undefined => {
    const given = ids.map((id) => shapes.get(id) ?? []);
    const fused = fusedShapes(name);
    if (!fused && attributes.find(({ name }) => name === 'T')?.value !== float) return undefined;
    const found = fused?.(given) ?? resultShapes(name, attributes, given, (input) => wholeNumbers(constants.get(ids[input] ?? 0)));
    return found?.map((shape) => ({ id: --symbols, shape: [...shape], dtype: float }));
  };
  const execute = (name: string, attributes: readonly OpAttribute[], ids: readonly number[], count: number, first?: number) => {
    const outputs = infer(name, attributes, ids) ?? original.executeOp(name, [...attributes], ids.map(standIns.of), count);
    ops.push({ name, attributes: [...attributes], inputs: [...ids], outputs, ...(first !== undefined && { after: first }) });
    for (const output of outputs) {
      made.set(output.id, name);
      shapes.set(output.id, output.shape);
      standIns.replace(output);
    }
    return outputs;
  };
  const constant = (id: number, { shape, dtype, bytes }: Constant): void => {
    constants.set(id, { shape, dtype, bytes });
    shapes.set(id, shape);
  };
  const watching: Binding = {
    ...bound(original),
    createTensor: (shape, dtype, values) => {
      const id = original.createTensor(shape, dtype, values);
      constant(id, { shape: [...shape], dtype, bytes: bytesOf(values) });
      return id;
    },
    executeOp: execute,
    after: (id, first, dtype) =>
      execute('Identity', [{ name: 'T', type: Number(original['TF_ATTR_TYPE']), value: dtype }], [id], 1, first)[0] as NativeTensor,
    deleteTensor: (id) => standIns.has(id) || original.deleteTensor(id),
    tensorDataSync: (id) => {
      const by = made.get(id);
      if (by !== undefined)
        throw notCompilable(
          `it reads the result of ${by}`,
          undefined,
          'Compute with tensors (where, maximum, gather), or pass the value in.',
        );
      return original.tensorDataSync(id);
    },
  };
  backend.binding = watching;
  backend.getInputTensorIds = (tensors) => {
    const ids = getIds(tensors);
    for (const [i, tensor] of tensors.entries()) {
      const id = ids[i] ?? 0;
      if (made.has(id) || constants.has(id) || isInput.has(id)) continue;
      const values = original.tensorDataSync(id);
      constant(id, { shape: [...tensor.shape], dtype: backend.getDTypeInteger(tensor.dtype), bytes: bytesOf(values) });
    }
    return ids;
  };
  try {
    return tf.tidy(() => {
      const recording = { ops, constants, inputs: known, outputs: info(run()) };
      return recording as unknown as Tensor; // tidy only looks for tensors to keep; here is none
    }) as unknown as Recording;
  } finally {
    backend.binding = original;
    standIns.dispose();
    Reflect.deleteProperty(backend, 'getInputTensorIds'); // the method of the class shows again
  }
}

/** Computed floats are nothing but shapes. One tensor of zeros is made for each shape that is read; other types are few and small and stay. */
function zeros(binding: Binding, float: number, shapes: ReadonlyMap<number, readonly number[]>) {
  const replaced = new Set<number>();
  const byShape = new Map<string, number>();
  const zero = (shape: readonly number[]): number => {
    const known = byShape.get(String(shape));
    const id = known ?? binding.createTensor([...shape], float, new Float32Array(shape.reduce((product, side) => product * side, 1)));
    byShape.set(String(shape), id);
    return id;
  };
  return {
    has: (id: number): boolean => replaced.has(id),
    of: (id: number): number => (replaced.has(id) ? zero(shapes.get(id) ?? []) : id),
    replace: ({ id, dtype }: NativeTensor): void => {
      if (dtype !== float) return;
      replaced.add(id);
      if (id >= 0) binding.deleteTensor(id);
    },
    dispose: (): void => {
      for (const id of byShape.values()) binding.deleteTensor(id);
    },
  };
}

/** What a constant of type int32 holds; undefined where there is none, because the tensor was computed. */
export const wholeNumbers = (constant: Constant | undefined): readonly number[] | undefined =>
  constant && [...new Int32Array(constant.bytes.buffer)];

const bytesOf = (values: ArrayBufferView): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();

/** Functions and constants of the addon as a plain object; its methods need their receiver. */
function bound(binding: Binding): Binding {
  const entries = Object.getOwnPropertyNames(binding).map((name) => {
    const value = binding[name];
    return [name, typeof value === 'function' ? value.bind(binding) : value];
  });
  return Object.fromEntries(entries);
}
