import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import type { MediaOptions } from './probe.ts';
import { runTool } from './tool-process.ts';
import { findMediaTools } from './tools.ts';
import { refuseOldOptions } from './versions.ts';

export interface EncodeOptions extends MediaOptions {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  /** RGB frames, [height, width, 3] each. */
  readonly frames: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Mono sound in [−1, 1]. */
  readonly audio?: { readonly samples: Float32Array; readonly sampleRate: number };
}

const BITEXACT = ['-fflags', '+bitexact', '-flags:v', '+bitexact', '-flags:a', '+bitexact', '-map_metadata', '-1'];
const AUDIO_CHUNK = 64 * 1024;

function* inChunks(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += AUDIO_CHUNK) yield bytes.subarray(at, at + AUDIO_CHUNK);
}

/**
 * Writes an mp4 with H.264 and, with `audio`, AAC. The same frames and sound give the same bytes with the same ffmpeg: one
 * thread, no time stamps or version strings. The file appears complete or not at all.
 * @throws SostenutoError MEDIA_NOT_WRITTEN with the last words of ffmpeg.
 */
export async function encodeMedia(options: EncodeOptions): Promise<void> {
  const { width, height, framesPerSecond, frames, audio, path } = options;
  if (width % 2 !== 0 || height % 2 !== 0) throw new RangeError(`H.264 with 4:2:0 needs even sides, not ${width} × ${height}`);
  const tools = options.tools ?? findMediaTools();
  const partial = `${resolve(path)}.partial`;
  const args = ['-nostdin', '-y', '-hide_banner', '-loglevel', 'error', '-f', 'rawvideo', '-pix_fmt', 'rgb24'];
  args.push('-s', `${width}x${height}`, '-r', String(framesPerSecond), '-i', 'pipe:0');
  if (audio) args.push('-f', 'f32le', '-ac', '1', '-ar', String(audio.sampleRate), '-i', 'pipe:3', '-c:a', 'aac', '-b:a', '128k');
  args.push('-c:v', 'libx264', '-preset', 'veryfast', '-crf', '21', '-pix_fmt', 'yuv420p', '-threads', '1', ...BITEXACT);
  args.push('-movflags', '+faststart', '-f', 'mp4', `file:${partial}`);
  let count = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const frame of frames) {
      if (frame.length !== width * height * 3) throw new RangeError(`frame ${count} has ${frame.length} bytes, not ${width * height * 3}`);
      count++;
      // A copy: the painter may reuse its buffer before the pipe has taken this one.
      yield Uint8Array.from(frame);
    }
  }
  try {
    const sound = audio && new Uint8Array(audio.samples.buffer, audio.samples.byteOffset, audio.samples.byteLength);
    const result = await runTool({
      command: tools.ffmpeg,
      args,
      inputs: sound ? { 0: counted(), 3: inChunks(sound) } : { 0: counted() },
      signal: options.signal,
    });
    refuseOldOptions(tools, result.stderr);
    if (result.exitCode !== 0 || count === 0) {
      throw new SostenutoError({
        code: 'MEDIA_NOT_WRITTEN',
        what: 'ffmpeg could not write a video',
        where: path,
        found: count === 0 ? 'no frames were given' : (result.stderr.at(-1) ?? `exit code ${result.exitCode}`),
        hint: 'check the free space and that this ffmpeg has libx264 (`ffmpeg -encoders`)',
      });
    }
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}
