import { type FileHandle, open } from 'node:fs/promises';
import { fromHalfBits, toHalves, widenBfloat16 } from '../../numeric/float16.ts';
import { BYTES, type Dtype, type Header, headerLength, parseHeader, type TensorEntry } from './header.ts';

export type { Dtype } from './header.ts';
export type TensorData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;
/** A tensor at rest. The data of F16 and BF16 are their 16 bits; BOOL is 0 or 1. */
export interface StoredTensor<Data extends TensorData = TensorData> {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: Data;
}
export interface Safetensors<Data extends TensorData = TensorData> {
  readonly tensors: ReadonlyMap<string, StoredTensor<Data>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors file (https://github.com/huggingface/safetensors). Values are exact.
 * Throws `SAFETENSORS_INVALID` with the tensor's name; allocates nothing before the file's size has been checked, and nothing for a tensor that is not wanted.
 */
export async function readSafetensors(path: string, wanted: (name: string) => boolean = () => true): Promise<Safetensors> {
  const file = await open(path);
  try {
    const { entries, metadata, dataStart } = await readHeader(file, path);
    const tensors = new Map<string, StoredTensor>();
    for (const [name, entry] of entries) {
      if (!wanted(name)) continue;
      const bytes = new Uint8Array(entry.end - entry.begin);
      for (let at = 0; at < bytes.length; )
        at += (await file.read(bytes, at, Math.min(bytes.length - at, 2 ** 30), dataStart + entry.begin + at)).bytesRead;
      tensors.set(name, fromBytes(bytes, entry));
    }
    return { tensors, metadata };
  } finally {
    await file.close();
  }
}

/** Names, types and shapes of a file's tensors; only its header is read. Throws as `readSafetensors`. */
export async function readEntries(path: string): Promise<ReadonlyMap<string, TensorEntry>> {
  const file = await open(path);
  try {
    return (await readHeader(file, path)).entries;
  } finally {
    await file.close();
  }
}

async function readHeader(file: FileHandle, path: string): Promise<Header & { readonly dataStart: number }> {
  const { size } = await file.stat();
  const start = new Uint8Array(8);
  await file.read(start, 0, 8, 0);
  const length = headerLength(start, size, path);
  const header = new Uint8Array(length);
  await file.read(header, 0, length, 8);
  return { ...parseHeader(header, size - 8 - length, path), dataStart: 8 + length };
}

/** As `readSafetensors`, with F16 and BF16 widened (exactly) and F64 rounded to float32; integers stay as they are. */
export async function readFloats(path: string, wanted?: (name: string) => boolean): Promise<Safetensors<Float32Array>> {
  const { tensors, metadata } = await readSafetensors(path, wanted);
  const floats = new Map<string, StoredTensor<Float32Array>>();
  for (const [name, { dtype, shape, data }] of tensors) {
    if (dtype === 'F32' && data instanceof Float32Array) floats.set(name, { dtype, shape, data });
    else if (dtype === 'F64' && data instanceof Float64Array) floats.set(name, { dtype: 'F32', shape, data: Float32Array.from(data) });
    else if (data instanceof Uint16Array && dtype === 'F16') floats.set(name, { dtype: 'F32', shape, data: fromHalfBits(data) });
    else if (data instanceof Uint16Array && dtype === 'BF16') floats.set(name, { dtype: 'F32', shape, data: widenBfloat16(data) });
  }
  return { tensors: floats, metadata };
}

const ALIGNMENT = 8;

/** Writes tensors in the order given, the header padded with spaces so that the data begin at a multiple of 8 bytes. Throws if a size does not fit its shape. */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let at = 0;
  // Wide types first: every tensor then begins at a multiple of its element size.
  const ordered = [...tensors].sort(([, a], [, b]) => BYTES[b.dtype] - BYTES[a.dtype]);
  for (const [name, { dtype, shape, data }] of ordered) {
    const bytes = shape.reduce((product, side) => product * side, BYTES[dtype]);
    if (bytes !== data.byteLength) throw new RangeError(`tensor ${name}: ${data.byteLength} bytes do not fit ${dtype} [${shape}]`);
    header[name] = { dtype, shape, data_offsets: [at, at + bytes] };
    at += bytes;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  const start = new Uint8Array(8 + padded).fill(0x20);
  new DataView(start.buffer).setBigUint64(0, BigInt(padded), true);
  start.set(text, 8);
  const parts = ordered.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const file = await open(path, 'w');
  try {
    await writeParts(file, [start, ...parts]);
  } finally {
    await file.close();
  }
}

/**
 * Writes pieces of memory one after the other, without a copy of everything in between: it would take as long as the writing. Calls of at most `most`
 * bytes, because what a call has written is counted in 32 bits.
 */
export async function writeParts(file: FileHandle, parts: readonly Uint8Array[], most = 2 ** 30): Promise<void> {
  let [group, bytes]: [Uint8Array[], number] = [[], 0];
  const flush = async () => {
    const { bytesWritten } = await file.writev(group);
    if (bytesWritten !== bytes) throw new Error(`${bytesWritten} of ${bytes} bytes were written`);
    [group, bytes] = [[], 0];
  };
  for (const part of parts) {
    for (let at = 0; at < part.length; at += most) {
      const piece = part.subarray(at, at + most);
      if (bytes + piece.length > most) await flush();
      group.push(piece);
      bytes += piece.length;
    }
  }
  if (bytes > 0) await flush();
}

/** Float32 values as a tensor at rest, rounded to half precision if asked. */
export function storeFloats(data: Float32Array, shape: readonly number[], dtype: 'F32' | 'F16' = 'F32'): StoredTensor {
  return { dtype, shape, data: dtype === 'F32' ? data : toHalves(data) };
}

/** `bytes` is a fresh copy, so that an odd offset in the file does no harm. */
function fromBytes({ buffer }: Uint8Array<ArrayBuffer>, { dtype, shape }: TensorEntry): StoredTensor {
  const make = {
    F64: Float64Array,
    F32: Float32Array,
    F16: Uint16Array,
    BF16: Uint16Array,
    I64: BigInt64Array,
    U64: BigUint64Array,
    I32: Int32Array,
    U32: Uint32Array,
    I16: Int16Array,
    U16: Uint16Array,
    I8: Int8Array,
    U8: Uint8Array,
    BOOL: Uint8Array,
  }[dtype];
  return { dtype, shape, data: new make(buffer) };
}
