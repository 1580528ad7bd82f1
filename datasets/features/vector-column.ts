/**
 * Reads one column of vectors, FixedSizeList<Float32 | Float16 | Uint8>, of an Arrow IPC file. The footer and the message
 * of each record batch are parsed once at opening; after that a read is one `pread` into a buffer that is used again.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { DataType, type Field, Message, Type } from 'apache-arrow';
import { Footer } from 'apache-arrow/ipc/metadata/file';
import { SostenutoError } from '../../errors/problem.ts';
import { fromHalfBits } from '../../numeric/float16.ts';

export type Scalar = 'f32' | 'f16' | 'u8';
export const SCALAR_BYTES: Readonly<Record<Scalar, number>> = { f32: 4, f16: 2, u8: 1 };

interface Batch {
  readonly rows: number;
  /** Position of the first value in the file. */
  readonly at: number;
}

/** A column. `close` lets go of the file; a read after it opens it again for as long. */
export interface VectorColumn {
  readonly scalar: Scalar;
  /** Values of a vector. */
  readonly width: number;
  /** Rows of each record batch. */
  readonly batchRows: readonly number[];
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * Rows [from, from + count) of a batch as [count, width]; f16 is widened to f32.
   * The result is valid until the next read, unless `out` is given.
   */
  read(batch: number, from: number, count: number, out?: Float32Array | Uint8Array): Float32Array | Uint8Array;
  /** The bytes of the same rows as they are stored, at the start of `out`. */
  readBytes(batch: number, from: number, count: number, out: Uint8Array): void;
  close(): void;
}

function bad(path: string, found: string, expected?: string): SostenutoError {
  return new SostenutoError({
    code: 'SHARD_UNREADABLE',
    what: 'An Arrow file cannot be read',
    where: path,
    found,
    ...(expected === undefined ? {} : { expected }),
    hint: 'make the features again',
  });
}

/** Number of buffers that a field and its children take in a record batch (Arrow columnar format, "buffer listing"). */
function bufferCount(field: Field): number {
  const { type } = field;
  const below = (type.children ?? []).reduce((sum: number, child: Field) => sum + bufferCount(child), 0);
  if (DataType.isDictionary(type)) return 2;
  if (DataType.isNull(type)) return 0;
  if (DataType.isFixedSizeList(type) || DataType.isStruct(type)) return 1 + below;
  if (DataType.isList(type) || DataType.isMap(type)) return 2 + below;
  if (DataType.isUtf8(type) || DataType.isBinary(type) || DataType.isLargeUtf8(type) || DataType.isLargeBinary(type)) return 3;
  if (DataType.isUnion(type) || DataType.isUtf8View(type) || DataType.isBinaryView(type)) throw new TypeError(`a column of type ${type}`);
  return 2;
}

/** Nodes (lengths and null counts) of a field and its children. */
const nodeCount = (field: Field): number =>
  1 +
  (DataType.isDictionary(field.type) ? 0 : (field.type.children ?? []).reduce((sum: number, child: Field) => sum + nodeCount(child), 0));

function scalarOf(type: DataType | undefined): Scalar | undefined {
  if (type === undefined) return undefined;
  if (DataType.isFloat(type) && type.typeId === Type.Float) return type.precision === 1 ? 'f32' : type.precision === 0 ? 'f16' : undefined;
  return DataType.isInt(type) && type.bitWidth === 8 && !type.isSigned ? 'u8' : undefined;
}

/**
 * Opens a column.
 * @throws SostenutoError SHARD_UNREADABLE for a cut file, another type, nulls or compressed buffers.
 */
export function openVectorColumn(path: string, column: string): VectorColumn {
  const file = openSync(path, 'r');
  try {
    return openAt(file, path, column);
  } catch (error) {
    closeSync(file);
    if (error instanceof SostenutoError) throw error;
    throw bad(path, error instanceof Error ? error.message : String(error), 'a complete Arrow IPC file');
  }
}

function openAt(file: number, path: string, column: string): VectorColumn {
  const size = fstatSync(file).size;
  const take = (at: number, length: number) => {
    if (at < 0 || length < 0 || at + length > size) throw bad(path, `${length} bytes at ${at} of a file of ${size} bytes`);
    const bytes = Buffer.alloc(length);
    readSync(file, bytes, 0, length, at);
    return bytes;
  };
  if (size < 20 || take(0, 6).toString('latin1') !== 'ARROW1') throw bad(path, 'no ARROW1 at the start', 'an Arrow IPC file');
  const tail = take(size - 10, 10);
  if (tail.toString('latin1', 4) !== 'ARROW1') throw bad(path, 'no footer at the end: the file is cut', 'a complete Arrow IPC file');
  const footerLength = tail.readInt32LE(0);
  const footer = Footer.decode(take(size - 10 - footerLength, footerLength));

  const fields: readonly Field[] = footer.schema.fields;
  const index = fields.findIndex((field) => field.name === column);
  const field = fields[index];
  const list = field && DataType.isFixedSizeList(field.type) ? field.type : undefined;
  const scalar = scalarOf(list?.children[0]?.type);
  if (!field || !list || !scalar) {
    const found = field ? `"${column}" is ${field.type}` : `columns ${fields.map(({ name }) => name).join(', ')}`;
    throw bad(path, found, `a column "${column}" of FixedSizeList<Float32, Float16 or Uint8>`);
  }
  const width = list.listSize;
  const rowBytes = width * SCALAR_BYTES[scalar];
  const before = fields.slice(0, index);
  const values = before.reduce((sum, other) => sum + bufferCount(other), 0) + 2;
  const node = before.reduce((sum, other) => sum + nodeCount(other), 0);

  const batches: Batch[] = [];
  for (const block of footer.recordBatches()) {
    const message = Message.decode(take(block.offset + 8, block.metaDataLength - 8));
    if (!message.isRecordBatch()) throw bad(path, `a message of type ${message.headerType}`, 'a record batch');
    const header = message.header();
    if (header.compression) throw bad(path, 'compressed buffers', 'uncompressed buffers');
    const lengths = header.nodes[node];
    const buffer = header.buffers[values];
    const nulls = lengths?.nullCount || (header.nodes[node + 1]?.nullCount ?? 0);
    if (!lengths || !buffer || nulls > 0) throw bad(path, `${nulls} nulls in "${column}"`, 'vectors without nulls');
    const at = block.offset + block.metaDataLength + buffer.offset;
    if (buffer.length < lengths.length * rowBytes || at + lengths.length * rowBytes > size) {
      throw bad(path, `${buffer.length} bytes for ${lengths.length} vectors of ${rowBytes} bytes`);
    }
    batches.push({ rows: lengths.length, at });
  }
  return columnOf(file, path, { scalar, width, rowBytes, batches, metadata: footer.schema.metadata });
}

interface Layout {
  readonly scalar: Scalar;
  readonly width: number;
  readonly rowBytes: number;
  readonly batches: readonly Batch[];
  readonly metadata: ReadonlyMap<string, string>;
}

function columnOf(opened: number, path: string, layout: Layout): VectorColumn {
  const { scalar, width, rowBytes, batches } = layout;
  let file: number | undefined = opened;
  let raw = new Uint8Array(0);
  let widened = new Float32Array(0);
  const readBytes = (into: Uint8Array, at: number) => {
    file ??= openSync(path, 'r');
    const got = readSync(file, into, 0, into.length, at);
    if (got !== into.length) throw bad(path, `${got} of ${into.length} bytes at ${at}`);
  };
  /** A view of at least `length` bytes of the buffer that is used again. */
  const scratch = (length: number) => {
    if (raw.length < length) raw = new Uint8Array(length);
    return raw.subarray(0, length);
  };
  const readRows = (batch: number, from: number, count: number, out: Uint8Array): Uint8Array => {
    const found = batches[batch];
    if (!found || from < 0 || count < 0 || from + count > found.rows) {
      throw new RangeError(`rows ${from} … ${from + count} of batch ${batch} (${found?.rows ?? 'absent'})`);
    }
    if (out.length < count * rowBytes) throw new RangeError(`${count} rows of ${rowBytes} bytes into ${out.length} bytes`);
    const bytes = out.subarray(0, count * rowBytes);
    readBytes(bytes, found.at + from * rowBytes);
    return bytes;
  };
  return {
    scalar,
    width,
    batchRows: batches.map(({ rows }) => rows),
    metadata: layout.metadata,
    readBytes: readRows,
    read(batch, from, count, out) {
      const values = count * width;
      if (scalar === 'f16') {
        const { buffer } = readRows(batch, from, count, scratch(count * rowBytes));
        if (out === undefined && widened.length < values) widened = new Float32Array(values);
        const target: Float32Array = out instanceof Float32Array ? out.subarray(0, values) : widened.subarray(0, values);
        return fromHalfBits(new Uint16Array(buffer, 0, values), target);
      }
      const bytes = readRows(batch, from, count, out ? bytesIn(out) : scratch(count * rowBytes));
      return scalar === 'u8' ? bytes : new Float32Array(bytes.buffer, bytes.byteOffset, values);
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

/** The bytes of an array, not copied. */
export const bytesIn = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);
