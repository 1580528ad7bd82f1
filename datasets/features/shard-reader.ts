import { type FileHandle, open } from 'node:fs/promises';
import { Footer } from 'apache-arrow/ipc/metadata/file';
import { Message } from 'apache-arrow/ipc/metadata/message';
import { SostenutoError } from '../../errors/problem.ts';
import { METADATA_KEY, type ShardHeader, type Values } from './shard-format.ts';

const MAGIC = 'ARROW1';

/** An open shard. The file's metadata is parsed once; every clip is then one positioned read. */
export interface FeatureShard {
  readonly path: string;
  readonly header: ShardHeader;
  /** The clip's numbers [rows, channels], in a buffer of their own. */
  read(index: number): Promise<Values>;
  close(): Promise<void>;
}

const damaged = (path: string, found: string, cause?: unknown) =>
  new SostenutoError(
    {
      code: 'FEATURE_SHARD',
      what: 'A feature shard cannot be read',
      where: path,
      found,
      expected: 'an Arrow IPC file written by this project',
    },
    { cause },
  );

/**
 * Opens a shard for reading.
 * @throws FEATURE_SHARD if the file is truncated, no Arrow file, or lacks the shard's header.
 */
export async function openFeatureShard(path: string): Promise<FeatureShard> {
  const file = await open(path, 'r');
  try {
    const { header, regions } = await readLayout(file, path);
    return {
      path,
      header,
      close: () => file.close(),
      read: async (index) => {
        const region = regions[index];
        if (region === undefined) throw new RangeError(`clip ${index} of a shard with ${regions.length} clips: ${path}`);
        const buffer = new ArrayBuffer(region.bytes);
        await readExactly(file, new Uint8Array(buffer), region.offset, path);
        return header.element === 'float32' ? new Float32Array(buffer) : new Uint8Array(buffer);
      },
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readExactly(file: FileHandle, target: Uint8Array, offset: number, path: string): Promise<void> {
  let done = 0;
  while (done < target.byteLength) {
    const { bytesRead } = await file.read(target, done, target.byteLength - done, offset + done);
    if (bytesRead === 0) throw damaged(path, `it ends ${target.byteLength - done} bytes early`);
    done += bytesRead;
  }
}

/** Where the numbers of every clip lie, from the footer and each batch's message. */
async function readLayout(file: FileHandle, path: string) {
  const { size } = await file.stat();
  const tail = new Uint8Array(10);
  if (size < 20) throw damaged(path, `${size} bytes`);
  await readExactly(file, tail, size - 10, path);
  const footerBytes = new DataView(tail.buffer).getInt32(0, true);
  if (new TextDecoder().decode(tail.subarray(4)) !== MAGIC || footerBytes <= 0 || footerBytes > size - 18)
    throw damaged(path, 'no Arrow footer');
  const encoded = new Uint8Array(footerBytes);
  await readExactly(file, encoded, size - 10 - footerBytes, path);
  const footer = Footer.decode(encoded);
  const text = footer.schema.metadata.get(METADATA_KEY);
  if (text === undefined) throw damaged(path, `no metadata "${METADATA_KEY}"`);
  const header: ShardHeader = JSON.parse(text);

  const regions: { offset: number; bytes: number }[] = [];
  for (const block of footer.recordBatches()) {
    const message = new Uint8Array(block.metaDataLength);
    await readExactly(file, message, block.offset, path);
    // Continuation marker and length come before the message.
    const record = Message.decode(message.subarray(8)).header();
    if (!('buffers' in record)) throw damaged(path, 'a block that is no record batch');
    // Buffers in order: validity of the list, validity of the items, the items.
    const items = record.buffers.at(-1);
    const clip = header.clips[regions.length];
    const width = header.element === 'float32' ? 4 : 1;
    if (items === undefined || clip === undefined) throw damaged(path, `${regions.length} batches for ${header.clips.length} clips`);
    const bytes = clip.rows * header.channels * width;
    if (items.length < bytes) throw damaged(path, `${items.length} bytes for clip "${clip.id}", ${bytes} expected`);
    regions.push({ offset: block.offset + block.metaDataLength + items.offset, bytes });
  }
  if (regions.length !== header.clips.length) throw damaged(path, `${regions.length} batches for ${header.clips.length} clips`);
  return { header, regions };
}
