import { createHash } from 'node:crypto';
import { constants, createReadStream, readFileSync, statSync, utimesSync } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import type { Artifact, StoredFile, StoredTree } from '../define/ports.ts';
import { canonicalJson, sha256 } from '../keys/keys.ts';
import { DurableWriter, renameInto, type StepHook, syncFolder } from './durable-writer.ts';
import { isDigest, objectPath, storeFolders, temporaryPath } from './layout.ts';
import { makeFolder } from './make-folder.ts';
import { errorCode, storageFailure } from './storage-failure.ts';
import { listFiles, parseListing, type TreeEntry, type TreeListing } from './tree-listing.ts';

/** Content-addressable storage: what is in it never changes and is named by its sha256. */
export interface Store {
  /** Folder with `objects`, `actions`, `checkpoints`, `leases`, `tmp`. */
  readonly root: string;
  /** Writes small files durably; calls that come together share the disk's wait. */
  readonly writer: DurableWriter;
  /** Stores a JSON value as its canonical text. Throws `NOT_JSON`. */
  putJson(value: unknown): Promise<Artifact>;
  /** Stores a regular file (links are refused), hashed while it is copied; not read if what it is `known` to be is there already. */
  putFile(path: string, known?: Artifact): Promise<Artifact>;
  /** Stores the files of a directory and their listing. Throws `TREE_UNSAFE` for links. */
  putTree(directory: string): Promise<Artifact>;
  /** Reads a JSON value and checks its digest. Throws `OBJECT_MISSING` or `OBJECT_DAMAGED`. */
  readJson<T>(artifact: Artifact): Promise<T>;
  openFile(artifact: Artifact): Promise<StoredFile>;
  openTree(artifact: Artifact): Promise<StoredTree>;
  /** All of it is there with the recorded sizes; with `verify`, also with the recorded digests. */
  has(artifact: Artifact, options?: { readonly verify?: boolean }): Promise<boolean>;
}

export interface StoreOptions {
  /** Called between the steps of a write; for tests that fail there. */
  readonly onStep?: StepHook;
}

/** Larger files are copied and hashed as a stream. */
const streamedBytes = 1 << 20;
/** An object that is wanted again is marked as fresh, so that a collection at the same moment leaves it. */
const freshMs = 10 * 60_000;

/** Opens the store of a data home, making its folders if they are missing. */
export async function openStore(home: string, options: StoreOptions = {}): Promise<Store> {
  const root = resolve(home, 'store');
  for (const folder of storeFolders) makeFolder(join(root, folder));
  const writer = new DurableWriter(root, options.onStep);

  async function putBytes(content: string | Uint8Array): Promise<string> {
    const digest = sha256(content);
    const path = objectPath(root, digest);
    // A damaged object is replaced by whoever makes it again.
    if (!isPresent(path, Buffer.byteLength(content)) || !readFileSync(path).equals(Buffer.from(content))) await writer.write(path, content);
    return digest;
  }

  async function putJson(value: unknown): Promise<Artifact> {
    const text = canonicalJson(value);
    return { form: 'json', digest: await putBytes(text), bytes: Buffer.byteLength(text) };
  }

  async function putFile(path: string, known?: Artifact): Promise<Artifact> {
    if (known && isPresent(objectPath(root, checkedDigest(known.digest)), known.bytes)) return known;
    const file = await openRegular(path);
    try {
      const { size } = await file.stat();
      if (size > streamedBytes) return await putStream(file.createReadStream({ autoClose: false, highWaterMark: streamedBytes }));
      const content = await file.readFile();
      return { form: 'file', digest: await putBytes(content), bytes: content.length };
    } finally {
      await file.close();
    }
  }

  async function putStream(chunks: AsyncIterable<Uint8Array>): Promise<Artifact> {
    const temporary = temporaryPath(root);
    try {
      const copy = await open(temporary, 'wx', 0o444);
      const hash = createHash('sha256');
      let bytes = 0;
      try {
        options.onStep?.('opened', temporary);
        for await (const chunk of chunks) {
          hash.update(chunk);
          for (let at = 0; at < chunk.length; ) at += (await copy.write(chunk, at)).bytesWritten;
          bytes += chunk.length;
        }
        options.onStep?.('written', temporary);
        await copy.sync();
      } finally {
        await copy.close();
      }
      options.onStep?.('synced', temporary);
      const digest = hash.digest('hex');
      const path = objectPath(root, digest);
      if (!isPresent(path, bytes) || (await hashFile(path)) !== digest) {
        renameInto(temporary, path);
        options.onStep?.('renamed', path);
        await syncFolder(dirname(path));
        options.onStep?.('folder-synced', path);
      }
      return { form: 'file', digest, bytes };
    } catch (error) {
      throw storageFailure(error, root);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async function putTree(directory: string): Promise<Artifact> {
    const names = await listFiles(directory);
    const files: TreeEntry[] = [];
    for (let at = 0; at < names.length; at += 32) {
      const group = names.slice(at, at + 32);
      files.push(...(await Promise.all(group.map(async (name) => ({ ...bare(await putFile(join(directory, name))), name })))));
    }
    const digest = await putBytes(canonicalJson({ files } satisfies TreeListing));
    return { form: 'tree', digest, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
  }

  async function readJson<T>(artifact: Artifact): Promise<T> {
    return JSON.parse(readChecked(root, artifact.digest).toString('utf8'));
  }

  async function openFile(artifact: Artifact): Promise<StoredFile> {
    const path = objectPath(root, checkedDigest(artifact.digest));
    if (statSync(path, { throwIfNoEntry: false })?.size !== artifact.bytes) throw missing(artifact.digest, path);
    return { path, artifact };
  }

  async function openTree(artifact: Artifact): Promise<StoredTree> {
    const files = new Map<string, string>();
    for (const { name, digest, bytes } of readListing(root, artifact.digest).files) {
      files.set(name, (await openFile({ form: 'file', digest, bytes })).path);
    }
    return { files, artifact };
  }

  async function has(artifact: Artifact, check: { readonly verify?: boolean } = {}): Promise<boolean> {
    try {
      if (artifact.form !== 'tree') return await holds(artifact, check.verify ?? false);
      const { files } = readListing(root, artifact.digest);
      for (const file of files) if (!(await holds(file, check.verify ?? false))) return false;
      return files.reduce((sum, file) => sum + file.bytes, 0) === artifact.bytes;
    } catch (error) {
      if (error instanceof SostenutoError) return false;
      throw error;
    }
  }

  async function holds(object: { readonly digest: string; readonly bytes: number }, verify: boolean): Promise<boolean> {
    const path = objectPath(root, checkedDigest(object.digest));
    if (statSync(path, { throwIfNoEntry: false })?.size !== object.bytes) return false;
    return !verify || (await hashFile(path)) === object.digest;
  }

  return { root, writer, putJson, putFile, putTree, readJson, openFile, openTree, has };
}

const bare = ({ digest, bytes }: Artifact) => ({ digest, bytes });

function isPresent(path: string, bytes: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.size !== bytes) return false;
  if (Date.now() - found.mtimeMs > freshMs) refresh(path);
  return true;
}

function refresh(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch (error) {
    // On a read-only disk nothing is collected either.
    if (!['EROFS', 'EACCES', 'EPERM', 'ENOENT'].includes(errorCode(error) ?? '')) throw error;
  }
}

async function openRegular(path: string) {
  try {
    // Without O_NONBLOCK the open of a pipe would wait for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (error) {
    if (errorCode(error) !== 'ELOOP') throw error;
  }
  throw new SostenutoError({
    code: 'NOT_A_FILE',
    what: 'Only regular files can be stored.',
    where: path,
    expected: 'a file, not a link, a directory or a device',
  });
}

/** sha256 of a file's content, streamed. */
export async function hashFile(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size <= streamedBytes) return sha256(readFileSync(path));
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: streamedBytes })) hash.update(chunk);
  return hash.digest('hex');
}

/** Bytes of an object, after checking that they have the digest. */
export function readChecked(root: string, digest: string): Buffer {
  const path = objectPath(root, checkedDigest(digest));
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw missing(digest, path);
    throw error;
  }
  const found = sha256(content);
  if (found === digest) return content;
  throw new SostenutoError({
    code: 'OBJECT_DAMAGED',
    what: 'An object of the store does not have the content its name says.',
    where: path,
    found,
    expected: digest,
    hint: '`sostenuto cache verify --repair` removes damaged objects; what needs them runs again.',
  });
}

export const readListing = (root: string, digest: string): TreeListing =>
  parseListing(readChecked(root, digest).toString('utf8'), objectPath(root, digest));

function checkedDigest(digest: string): string {
  if (isDigest(digest)) return digest;
  throw new SostenutoError({
    code: 'BAD_DIGEST',
    what: 'A reference to the store is malformed.',
    found: JSON.stringify(digest),
    expected: '64 hexadecimal digits',
  });
}

function missing(digest: string, path: string): SostenutoError {
  return new SostenutoError({
    code: 'OBJECT_MISSING',
    what: `Object ${digest.slice(0, 12)} is not in the store, or not whole.`,
    where: path,
    expected: `a file with the sha256 ${digest}`,
    hint: 'Start the run again: the node that makes it runs again.',
  });
}
