/**
 * A shard of sequences: per clip one record batch whose rows are time steps, a vector each, so that a crop is one read.
 *
 * <name>.arrow   column `value`: FixedSizeList<f32 | f16 | u8>[width]; schema metadata: name, rowsPerSecond
 * <name>.json    which clip lies in which batch, and its rows; written last
 */
import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  BufferType,
  Data,
  Field,
  FixedSizeList,
  Float16,
  Float32,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  Uint8,
} from 'apache-arrow';
import { z } from 'zod';
import { SostenutoError } from '../../errors/problem.ts';
import { toHalves } from '../../numeric/float16.ts';
import { openVectorColumn, type Scalar } from './vector-column.ts';

const shardIndex = z.strictObject({
  format: z.literal(1),
  name: z.string(),
  scalar: z.enum(['f32', 'f16', 'u8']),
  width: z.int().min(1),
  /** For features on a time grid: 75 for latents, 24000 for sound, 8 for frames. */
  rowsPerSecond: z.number().positive(),
  /** Sizes of the axes that `width` holds, for example [64, 64, 3]. */
  shape: z.array(z.int().min(1)),
  clips: z.array(z.strictObject({ id: z.string(), rows: z.int().min(1) })),
});
export type ShardIndex = z.infer<typeof shardIndex>;
export type ShardDescription = Omit<ShardIndex, 'format' | 'clips' | 'width'>;

const types = { f32: () => new Float32(), f16: () => new Float16(), u8: () => new Uint8() } as const;

/** Sends what the writer makes straight to the file: the writer's own queue would hold the whole shard in memory. */
class DirectFileWriter extends RecordBatchFileWriter {
  readonly #file: number;
  constructor(file: number) {
    super();
    this.#file = file;
  }
  protected override _write(chunk: ArrayBufferView | ArrayBuffer): this {
    if (this._started) {
      const bytes = ArrayBuffer.isView(chunk) ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength) : new Uint8Array(chunk);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
      this._position += bytes.length;
    }
    return this;
  }
}

export interface ShardWriter {
  /** Adds a clip's sequence, [rows, width]; f16 shards take float32 and round. */
  append(id: string, data: Float32Array | Uint8Array): void;
  /** Writes footer and index; without it nothing that counts as a shard exists. */
  close(): ShardIndex;
}

/** Starts a shard `<directory>/<name>.{arrow,json}`. */
export function createShard(directory: string, description: ShardDescription): ShardWriter {
  const { name, scalar, rowsPerSecond, shape } = description;
  const width = shape.reduce((product, side) => product * side, 1);
  const type = new FixedSizeList<Float32 | Float16 | Uint8>(width, new Field('item', types[scalar](), false));
  const schema = new Schema(
    [new Field('value', type, false)],
    new Map([
      ['name', name],
      ['rowsPerSecond', String(rowsPerSecond)],
      ['shape', shape.join(',')],
    ]),
  );
  const file = openSync(join(directory, `${name}.arrow`), 'w');
  const writer = new DirectFileWriter(file);
  writer.reset(undefined, schema);
  const clips: { id: string; rows: number }[] = [];
  const ids = new Set<string>();
  return {
    append(id, data) {
      if (data.length === 0 || data.length % width !== 0)
        throw new RangeError(`clip "${id}": ${data.length} values are no rows of ${width}`);
      if (ids.has(id)) throw new RangeError(`clip "${id}" is in the shard already`);
      if ((scalar === 'u8') !== data instanceof Uint8Array)
        throw new TypeError(`clip "${id}": a shard of ${scalar} doesn't take ${data.constructor.name}`);
      const rows = data.length / width;
      const values = scalar === 'f16' && data instanceof Float32Array ? toHalves(data) : data;
      const items = new Data(type.valueType, 0, values.length, 0, { [BufferType.DATA]: values });
      const list = new Data(type, 0, rows, 0, {}, [items]);
      writer.write(new RecordBatch(schema, makeData({ type: new Struct(schema.fields), children: [list], length: rows, nullCount: 0 })));
      clips.push({ id, rows });
      ids.add(id);
    },
    close() {
      writer.finish();
      fsyncSync(file);
      closeSync(file);
      const index: ShardIndex = { format: 1, name, scalar, width, rowsPerSecond, shape: [...shape], clips };
      writeFileSync(join(directory, `${name}.json`), `${JSON.stringify(index)}\n`);
      return index;
    },
  };
}

export interface SequenceShard {
  readonly index: ShardIndex;
  has(id: string): boolean;
  /** Rows [from, from + count) of a clip, [count, width]; default all. Valid until the next read unless `out` is given. */
  read(id: string, from?: number, count?: number, out?: Float32Array | Uint8Array): Float32Array | Uint8Array;
  /** The same rows of the clip at a position of the index, as they are stored (f16: the bits of halves), at the start of `out`. */
  readBytes(position: number, from: number, count: number, out: Uint8Array): void;
  /** Lets go of the file; a read after it opens it again. */
  close(): void;
}

/**
 * Opens a shard by the paths of its two files (in a content store they don't lie side by side).
 * @throws SostenutoError SHARD_UNREADABLE if one is damaged or they don't belong together.
 */
export function openShard(paths: { readonly arrow: string; readonly index: string }): SequenceShard {
  const index = readIndex(paths.index);
  const column = openVectorColumn(paths.arrow, 'value');
  const rows = index.clips.map((clip) => clip.rows);
  if (column.width !== index.width || column.scalar !== index.scalar || rows.join() !== column.batchRows.join()) {
    column.close();
    throw new SostenutoError({
      code: 'SHARD_UNREADABLE',
      what: 'The two files of a shard do not belong together',
      where: paths.index,
      found: `${column.batchRows.length} sequences of ${column.scalar}[${column.width}]`,
      expected: `${rows.length} of ${index.scalar}[${index.width}] with the rows that the index lists`,
      hint: 'make the features again',
    });
  }
  const batches = new Map(index.clips.map((clip, batch) => [clip.id, { batch, rows: clip.rows }]));
  return {
    index,
    has: (id) => batches.has(id),
    read(id, from = 0, count, out) {
      const found = batches.get(id);
      if (!found) throw new RangeError(`clip "${id}" is not in the shard "${index.name}"`);
      return column.read(found.batch, from, count ?? found.rows - from, out);
    },
    readBytes: column.readBytes,
    close: () => column.close(),
  };
}

export function readIndex(path: string): ShardIndex {
  try {
    return shardIndex.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new SostenutoError(
      {
        code: 'SHARD_UNREADABLE',
        what: "A shard's index cannot be read",
        where: path,
        found: cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message,
        hint: 'make the features again',
      },
      { cause },
    );
  }
}

export type { Scalar };
