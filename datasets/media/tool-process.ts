/** Runs ffmpeg or ffprobe: no shell, no terminal, every pipe drained, killed on abort, nothing left behind. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { SostenutoError } from '../../errors/problem.ts';

export interface ToolRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** What is written to the numbered pipes; 0 is standard input. */
  readonly inputs?: Readonly<Record<number, AsyncIterable<Uint8Array> | Iterable<Uint8Array>>>;
  /** Numbered pipes to collect; 1 is standard output. */
  readonly outputs?: readonly number[];
  /** Takes what a collected pipe gives as it comes, in place of its being kept; the tool waits meanwhile. */
  readonly takers?: Readonly<Record<number, (chunk: Buffer) => void>>;
  /**
   * Numbered outputs that are much: the tool writes them into a file without a name, which is read at once when it has ended. A pipe would
   * give tens of MB in small pieces, each with a buffer of its own.
   */
  readonly large?: readonly number[];
  /** Most bytes an output may give; more ends the process, or is refused when it has ended. Default `MOST_BYTES`. */
  readonly mostBytes?: number;
}
export interface ToolResult {
  readonly exitCode: number | null;
  readonly outputs: Readonly<Record<number, Buffer>>;
  /** Last lines that the tool wrote to standard error. */
  readonly stderr: readonly string[];
}

/** Most bytes of an output: 1 GiB. */
export const MOST_BYTES = 2 ** 30;
const STDERR_BYTES = 8192;
/** As the system has it where this process writes itself. */
const NO_SPACE = 'ENOSPC';

async function feed(pipe: Writable, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  let broken = false;
  // The tool may stop reading early (an error, `-t`): that is told by its exit code, not by the pipe.
  pipe.on('error', () => {
    broken = true;
  });
  for await (const chunk of source) {
    if (broken || pipe.destroyed) return;
    if (!pipe.write(chunk)) {
      await new Promise<void>((resolve) => {
        const done = () => {
          pipe.off('drain', done).off('close', done).off('error', done);
          resolve();
        };
        pipe.on('drain', done).on('close', done).on('error', done);
      });
    }
  }
  if (!broken) await new Promise<void>((resolve) => pipe.end(() => resolve()).on('close', resolve));
}

/**
 * Runs a media tool to its end and returns what it said; a non-zero exit code is not thrown here.
 * @throws the signal's reason when aborted; SostenutoError FFMPEG_MISSING or MEDIA_TOO_LARGE; ENOSPC where there is no room for large outputs.
 */
export async function runTool(run: ToolRun): Promise<ToolResult> {
  const files = new Map<number, FileHandle>();
  try {
    for (const number of run.large ?? []) files.set(number, await namelessFile());
    const result = await runWith(run, files);
    const outputs: Record<number, Buffer> = { ...result.outputs };
    for (const [number, file] of files) outputs[number] = await readWhole(file, run.mostBytes ?? MOST_BYTES);
    return { ...result, outputs };
  } finally {
    for (const file of files.values()) await file.close();
  }
}

/** Goes away with the last that has it open, whatever ends them. */
async function namelessFile(): Promise<FileHandle> {
  const path = join(tmpdir(), `sostenuto-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}

async function readWhole(file: FileHandle, mostBytes: number): Promise<Buffer> {
  const { size } = await file.stat();
  if (size > mostBytes) throw tooLarge(mostBytes);
  const bytes = Buffer.allocUnsafeSlow(size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(bytes, at, size - at, at);
    if (bytesRead === 0) return bytes.subarray(0, at);
    at += bytesRead;
  }
  return bytes;
}

const tooLarge = (mostBytes: number): SostenutoError =>
  new SostenutoError({
    code: 'MEDIA_TOO_LARGE',
    what: 'A clip is too long to be decoded in one piece',
    found: `more than ${mostBytes} bytes`,
    hint: 'cut it, or limit the seconds to decode',
  });

async function runWith(run: ToolRun, files: ReadonlyMap<number, FileHandle>): Promise<ToolResult> {
  run.signal?.throwIfAborted();
  const inputs = Object.entries(run.inputs ?? {}).map(([number, source]) => ({ number: Number(number), source }));
  const outputs = run.outputs ?? [];
  const pipes = Math.max(2, ...outputs, ...files.keys(), ...inputs.map(({ number }) => number)) + 1;
  const isUsed = (number: number) => number === 2 || outputs.includes(number) || inputs.some((input) => input.number === number);
  const child = spawn(run.command, run.args, {
    stdio: Array.from({ length: pipes }, (_, number) => files.get(number)?.fd ?? (isUsed(number) ? 'pipe' : 'ignore')),
  });
  const stop = () => child.kill('SIGKILL');
  run.signal?.addEventListener('abort', stop, { once: true });

  const collected: Record<number, Buffer> = {};
  const mostBytes = run.mostBytes ?? MOST_BYTES;
  let isTooLarge = false;
  const drains = outputs.map(async (number) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = run.takers?.[number];
    for await (const chunk of child.stdio[number] as Readable) {
      if (take) {
        take(chunk);
        continue;
      }
      size += chunk.length;
      if (size > mostBytes) {
        isTooLarge = true;
        stop();
        break;
      }
      chunks.push(chunk);
    }
    collected[number] = Buffer.concat(chunks);
  });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-STDERR_BYTES);
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.on('error', (cause) =>
      reject(
        new SostenutoError(
          { code: 'FFMPEG_MISSING', what: `${run.command} could not be started`, found: cause.message, hint: 'run `npx sostenuto setup`' },
          { cause },
        ),
      ),
    );
    child.on('close', resolve);
  });
  const feeds = inputs.map(({ number, source }) => feed(child.stdio[number] as Writable, source));
  try {
    const [exitCode] = await Promise.all([exit, ...drains, ...feeds]);
    run.signal?.throwIfAborted();
    if (isTooLarge) throw tooLarge(mostBytes);
    if (files.size > 0 && stderr.includes('No space left on device'))
      throw Object.assign(new Error(`no space left in ${tmpdir()} for what ${run.command} decodes`), { code: NO_SPACE });
    return { exitCode, outputs: collected, stderr: stderr.split('\n').filter((line) => line.trim() !== '') };
  } catch (error) {
    stop();
    // A reader that fails because we killed the process must not hide the reason for the kill.
    run.signal?.throwIfAborted();
    throw error;
  } finally {
    run.signal?.removeEventListener('abort', stop);
  }
}

/** Options that keep a crafted file from making the tool open other files or addresses. */
export const LOCAL_FILES_ONLY = [
  '-protocol_whitelist',
  'file,pipe',
  '-format_whitelist',
  'mov,mp4,matroska,webm,wav,w64,flac,mp3,ogg,aac,avi,mpegts,aiff,caf,flv',
] as const;
