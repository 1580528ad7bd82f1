import { open } from 'node:fs/promises';
import {
  BufferType,
  Data,
  Field,
  FixedSizeList,
  Float32,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  Uint8,
} from 'apache-arrow';
import { SostenutoError } from '../../errors/problem.ts';
import { METADATA_KEY, type ShardClip, type ShardHeader, type Values } from './shard-format.ts';

export interface ShardEntry extends Omit<ShardClip, 'rows'> {
  /** [rows, channels], row-major. */
  readonly values: Values;
}

/**
 * Writes a shard, clips in the given order; the same input gives the same bytes.
 * @throws FEATURE_SHAPE if a clip's numbers are no whole rows or of another type than the header says.
 */
export async function writeFeatureShard(
  path: string,
  header: Omit<ShardHeader, 'clips'>,
  entries: readonly ShardEntry[],
): Promise<ShardHeader> {
  const { channels, element } = header;
  for (const { id, values } of entries) {
    const right = element === 'float32' ? values instanceof Float32Array : values instanceof Uint8Array;
    if (right && values.length % channels === 0) continue;
    throw new SostenutoError({
      code: 'FEATURE_SHAPE',
      what: `The features of clip "${id}" do not fit their shard`,
      where: path,
      found: `${values.length} numbers of ${values.constructor.name}`,
      expected: `whole rows of ${channels} ${element}`,
    });
  }
  const clips = entries.map(({ id, attributes, values }) => ({ id, attributes, rows: values.length / channels }));
  const full: ShardHeader = { ...header, clips };
  const item = element === 'float32' ? new Float32() : new Uint8();
  const list = new FixedSizeList(channels, new Field('item', item, false));
  const schema = new Schema([new Field('value', list, false)], new Map([[METADATA_KEY, JSON.stringify(full)]]));

  const writer = new RecordBatchFileWriter<{ value: typeof list }>();
  writer.reset(undefined, schema);
  for (const { values } of entries) {
    const rows = values.length / channels;
    const numbers = new Data(item, 0, values.length, 0, { [BufferType.DATA]: values });
    const column = new Data(list, 0, rows, 0, {}, [numbers]);
    writer.write(new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children: [column] })));
  }
  writer.finish();
  const file = await open(path, 'w');
  try {
    await file.writeFile(await writer.toUint8Array());
  } finally {
    await file.close();
  }
  return full;
}
