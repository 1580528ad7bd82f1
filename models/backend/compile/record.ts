import type { Tensor, Tf } from '../types.ts';
import type { Binding, NativeBackend, NativeTensor, OpAttribute } from './native-backend.ts';

export interface RecordedOp {
  readonly name: string;
  readonly attributes: readonly OpAttribute[];
  readonly inputs: readonly number[];
  readonly outputs: readonly NativeTensor[];
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
 * is disposed. Tensors from outside that are no inputs become constants. Throws if the function reads a value that it computed.
 */
export function record(tf: Tf, backend: NativeBackend, inputs: readonly Tensor[], run: () => readonly Tensor[]): Recording {
  const original = backend.binding;
  const ops: RecordedOp[] = [];
  const constants = new Map<number, Constant>();
  const made = new Map<number, string>();
  const info = (tensors: readonly Tensor[]): NativeTensor[] => {
    const ids = backend.getInputTensorIds(tensors);
    return tensors.map((tensor, i) => ({ id: ids[i] ?? 0, shape: [...tensor.shape], dtype: backend.getDTypeInteger(tensor.dtype) }));
  };
  const known = info(inputs);
  const isInput = new Set(known.map(({ id }) => id));
  const getIds = backend.getInputTensorIds.bind(backend);
  const watching: Binding = {
    ...bound(original),
    createTensor: (shape, dtype, values) => {
      const id = original.createTensor(shape, dtype, values);
      constants.set(id, { shape: [...shape], dtype, bytes: bytesOf(values) });
      return id;
    },
    executeOp: (name, attributes, ids, count) => {
      const outputs = original.executeOp(name, attributes, ids, count);
      ops.push({ name, attributes: [...attributes], inputs: [...ids], outputs });
      for (const { id } of outputs) made.set(id, name);
      return outputs;
    },
    tensorDataSync: (id) => {
      const by = made.get(id);
      if (by !== undefined) throw new Error(`a compiled function must not read values: the result of ${by} was read`);
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
      constants.set(id, { shape: [...tensor.shape], dtype: backend.getDTypeInteger(tensor.dtype), bytes: bytesOf(values) });
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
    Reflect.deleteProperty(backend, 'getInputTensorIds'); // the method of the class shows again
  }
}

const bytesOf = (values: ArrayBufferView): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();

/** Functions and constants of the addon as a plain object; its methods need their receiver. */
function bound(binding: Binding): Binding {
  const entries = Object.getOwnPropertyNames(binding).map((name) => {
    const value = binding[name];
    return [name, typeof value === 'function' ? value.bind(binding) : value];
  });
  return Object.fromEntries(entries);
}
