import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SostenutoError } from '../../errors/problem.ts';
import { type HubFile, reasonOf } from './hub.ts';

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  readonly progress?: (bytes: number) => void;
  /** Attempts in a row that may bring nothing before it is given up. Default 5. */
  readonly attempts?: number;
  /** Milliseconds before the second of them; twice as many before each further one. Default 1000. */
  readonly patience?: number;
}

/**
 * Downloads a file to `path`, which appears whole and with the right digest or not at all. What an interrupted attempt has brought lies beside it and
 * is gone on with, by this call or a later one. Throws `WEIGHTS_UNREACHABLE`, `WEIGHTS_DIGEST`.
 */
export async function downloadFile(file: HubFile, path: string, options: DownloadOptions = {}): Promise<void> {
  const { attempts = 5, patience = 1000, signal } = options;
  // Of this very content: another revision begins anew.
  const partial = `${path}.${file.digest.hex.slice(0, 12)}.partial`;
  await mkdir(dirname(path), { recursive: true });
  let [have, failures] = [await sizeOf(partial), 0];
  while (have < file.bytes) {
    try {
      await bring(file, partial, have, options);
    } catch (error) {
      signal?.throwIfAborted();
      const now = await sizeOf(partial);
      failures = now > have ? 1 : failures + 1;
      if (failures >= attempts) throw unreachable(file.url, reasonOf(error), now, error);
      await sleep(patience * 2 ** (failures - 1), undefined, { signal });
    }
    have = await sizeOf(partial);
  }
  if (file.bytes === 0) await (await open(partial, 'w')).close();
  const found = await digestOf(partial, file);
  if (found !== file.digest.hex) {
    await rm(partial);
    throw wrongDigest(file, found);
  }
  await rename(partial, path);
}

/** Asks for what is missing and adds it. A server that sends the whole file all the same is taken from its start. */
async function bring(file: HubFile, partial: string, have: number, { signal, progress }: DownloadOptions): Promise<void> {
  const response = await fetch(file.url, { ...(signal && { signal }), headers: have > 0 ? { range: `bytes=${have}-` } : {} });
  if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
  const isRest = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${have}-`) === true;
  const target = await open(partial, isRest ? 'a' : 'w');
  try {
    let bytes = isRest ? have : 0;
    for await (const chunk of response.body) {
      bytes += chunk.length;
      if (bytes > file.bytes) throw new Error(`more than the ${file.bytes} bytes that were announced`);
      await target.writeFile(chunk);
      progress?.(bytes);
    }
    if (bytes < file.bytes) throw new Error('the connection ended early');
    await target.sync();
  } finally {
    await target.close();
  }
}

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0;

/** Whether the file at `path` is this one. */
export const isFile = async (path: string, file: HubFile): Promise<boolean> =>
  (await sizeOf(path)) === file.bytes && (await digestOf(path, file).catch(() => undefined)) === file.digest.hex;

/** sha256 of the content, or of a small file the sha1 that git gives it. */
async function digestOf(path: string, { bytes, digest }: HubFile): Promise<string> {
  const hash = createHash(digest.kind === 'git' ? 'sha1' : 'sha256');
  if (digest.kind === 'git') hash.update(`blob ${bytes}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

const unreachable = (where: string, found: string, have: number, cause: unknown) =>
  new SostenutoError(
    {
      code: 'WEIGHTS_UNREACHABLE',
      what: 'A file of weights could not be downloaded.',
      where,
      found: `${found}, after ${have} bytes`,
      hint: 'the same command goes on from there',
    },
    { cause, retryable: true },
  );

const wrongDigest = (file: HubFile, found: string) =>
  new SostenutoError({
    code: 'WEIGHTS_DIGEST',
    what: 'A downloaded file of weights is not the one that was published.',
    where: file.url,
    found: `${file.digest.kind} ${found}`,
    expected: `${file.digest.kind} ${file.digest.hex}`,
    hint: 'what was downloaded is removed; the same command tries again',
  });
