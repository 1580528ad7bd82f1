/** Temporal's official command line tool as its makers publish it. */
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from './command.mjs';
import { partialName } from './lock.mjs';

/** Seconds without a byte after which the download counts as impossible. */
const PATIENCE_SECONDS = 8;

/** @returns {string} */
export function downloadUrl() {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const platform = process.platform;
  if (!['amd64', 'arm64'].includes(arch) || !['linux', 'darwin'].includes(platform))
    throw new Error(`nothing published for ${process.platform} ${process.arch}`);
  return `https://temporal.download/cli/archive/latest?platform=${platform}&arch=${arch}`;
}

/**
 * Streams a file, giving up when nothing comes for a while. An incomplete file stays without its name.
 * @param {string} url @param {string} path
 * @param {{ signal: AbortSignal, patienceSeconds?: number, fetch?: typeof globalThis.fetch }} options
 */
export async function download(url, path, options) {
  const patience = (options.patienceSeconds ?? PATIENCE_SECONDS) * 1000;
  const stalled = new AbortController();
  const stop = () => stalled.abort(new Error(`no answer from ${new URL(url).host} for ${patience / 1000} s`));
  let timer = setTimeout(stop, patience);
  const signal = AbortSignal.any([options.signal, stalled.signal]);
  const partial = partialName(path);
  try {
    const response = await (options.fetch ?? fetch)(url, { signal });
    if (!response.ok || !response.body) throw new Error(`${new URL(url).host} answered ${response.status}`);
    const expected = Number(response.headers.get('content-length') ?? Number.NaN);
    let bytes = 0;
    const count = async function* (/** @type {AsyncIterable<Uint8Array>} */ parts) {
      for await (const part of parts) {
        clearTimeout(timer);
        timer = setTimeout(stop, patience);
        bytes += part.length;
        yield part;
      }
    };
    // The types of web streams in Node and in the DOM differ in name only.
    const body = Readable.fromWeb(/** @type {import('node:stream/web').ReadableStream} */ (response.body));
    await pipeline(body, count, createWriteStream(partial), { signal });
    if (expected >= 0 && bytes !== expected) throw new Error(`${new URL(url).host} sent ${bytes} of ${expected} bytes`);
    await rename(partial, path);
  } catch (error) {
    if (stalled.signal.aborted) throw stalled.signal.reason;
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
  } finally {
    clearTimeout(timer);
    await rm(partial, { force: true });
  }
}

/** Downloads and unpacks into `.sostenuto/bin`. @param {import('./types.d.ts').Setup} setup @returns {Promise<string>} path */
export async function downloadTemporal(setup) {
  const url = downloadUrl();
  setup.note(`downloading Temporal from ${new URL(url).host}`);
  const folder = partialName(join(setup.tools, 'temporal-download'));
  const target = join(setup.tools, 'bin', 'temporal');
  try {
    await mkdir(folder, { recursive: true });
    const archive = join(folder, 'temporal.tar.gz');
    await download(url, archive, { signal: setup.signal });
    await run('tar', ['-xzf', archive, '-C', folder, 'temporal'], { signal: setup.signal, seconds: 120 });
    await chmod(join(folder, 'temporal'), 0o755);
    await run(join(folder, 'temporal'), ['--version'], { signal: setup.signal, seconds: 30 });
    await mkdir(join(setup.tools, 'bin'), { recursive: true });
    await rename(join(folder, 'temporal'), target);
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
