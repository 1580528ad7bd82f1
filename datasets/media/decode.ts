/**
 * Frames and sound of a file by one ffmpeg process: RGB frames on pipe 1, sound on pipe 3, the times of what was really
 * decoded on pipes 4 and 5. Frames at a constant rate are chosen here by their times, so that they do not depend on the
 * ffmpeg version, and damage shows in the counts even where the exit code is 0.
 */
import { resolve } from 'node:path';
import { chooseFrames } from './frame-choice.ts';
import { type MediaOptions, type Probe, probeMedia, unreadable } from './probe.ts';
import { LOCAL_FILES_ONLY, runTool } from './tool-process.ts';
import { findMediaTools } from './tools.ts';
import { optionsOf, refuseOldOptions } from './versions.ts';

export interface DecodeOptions extends MediaOptions {
  /** Frames a second of the result; undefined keeps every decoded frame. */
  readonly framesPerSecond?: number | undefined;
  /** Size of a frame; undefined keeps that of the file. `cover` cuts the longer side, `stretch` bends the picture. */
  readonly size?: { readonly width: number; readonly height: number; readonly fit?: 'cover' | 'stretch' } | undefined;
  /** Samples a second of the mono sound. Default 24000. */
  readonly sampleRate?: number | undefined;
  /** Mean of the channels, or the first one as the training code of the paper does. Default mean. */
  readonly channel?: 'mean' | 'first' | undefined;
  /** Streams to decode. Default both, as far as the file has them. */
  readonly streams?: 'both' | 'video' | 'audio' | undefined;
  /** Where in the file to begin, in seconds; times and samples count from there. Default 0. */
  readonly start?: number | undefined;
  /** Part of the picture to keep before it is scaled, in pixels as shown. */
  readonly crop?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number } | undefined;
  /** Decodes no more than this much of the file. Default 120. */
  readonly mostSeconds?: number | undefined;
  /** Sees every decoded frame [height, width, 3] once, as it comes, in place of their being kept: `data` stays empty. */
  readonly onFrame?: (frame: Uint8Array, size: { readonly width: number; readonly height: number }) => void;
}
export interface Frames {
  /** [count, height, width, 3] */
  readonly data: Uint8Array;
  readonly count: number;
  readonly width: number;
  readonly height: number;
  /** Seconds of each frame: its own time, or its place at the constant rate. */
  readonly times: Float64Array;
  /** Which of the decoded frames each one is. */
  readonly decoded: readonly number[];
}
export interface Decoded {
  readonly probe: Probe;
  readonly frames: Frames | undefined;
  /** Mono, aligned so that sample 0 is at time 0 of the file; float32. */
  readonly audio: Float32Array | undefined;
  /** What could not be decoded; empty for a sound file. */
  readonly damage: readonly string[];
}

/** Rows of ffmpeg's `framecrc`: stream, dts, pts, duration, size, checksum. */
function readTimes(output: Buffer | undefined): { pts: number[]; lengths: number[] } {
  const text = output?.toString('latin1') ?? '';
  const [over, under] = (/^#tb 0: (\d+)\/(\d+)/m.exec(text)?.slice(1) ?? ['1', '1']).map(Number);
  const base = (over ?? 1) / (under ?? 1);
  const pts: number[] = [];
  const lengths: number[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const fields = line.split(',');
    pts.push(Number(fields[2]) * base);
    lengths.push(Number(fields[3]) * base);
  }
  return { pts, lengths };
}

/**
 * Decodes a file.
 * @throws SostenutoError MEDIA_UNREADABLE when nothing of a listed stream can be decoded.
 */
export async function decodeMedia(path: string, options: DecodeOptions = {}): Promise<Decoded> {
  const tools = options.tools ?? findMediaTools();
  const probe = await probeMedia(path, { ...options, tools });
  const wanted = options.streams ?? 'both';
  const video = wanted === 'audio' ? undefined : probe.video;
  const audio = wanted === 'video' ? undefined : probe.audio;
  if (!video && !audio) throw unreadable(path, `no ${wanted} stream`);
  const { start = 0, crop, mostSeconds = 120 } = options;
  const width = options.size?.width ?? crop?.width ?? video?.width ?? 0;
  const height = options.size?.height ?? crop?.height ?? video?.height ?? 0;
  const sampleRate = options.sampleRate ?? 24000;
  const limit = ['-t', String(mostSeconds)];

  const args = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-threads', '1', ...LOCAL_FILES_ONLY];
  if (start > 0) args.push('-ss', String(start));
  args.push('-i', `file:${resolve(path)}`);
  if (video) {
    // What is cut off need not be scaled: a wide picture takes a quarter less time.
    const middle = `crop=w='min(iw,ih*${width}/${height})':h='min(ih,iw*${height}/${width})',`;
    const scale = `${options.size?.fit === 'stretch' ? '' : middle}scale=${width}:${height}:flags=bicubic`;
    const part = crop ? `crop=${crop.width}:${crop.height}:${crop.x}:${crop.y}:exact=1,` : '';
    args.push('-filter_complex', `[0:v:0]${part}${options.size ? `${scale},` : ''}format=rgb24,split[frames][times]`);
    const { everyFrame, fileTimes } = await optionsOf(tools, options.signal);
    args.push('-map', '[frames]', ...limit, ...everyFrame, '-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1');
    args.push('-map', '[times]', ...limit, ...everyFrame, ...fileTimes, '-c:v', 'rawvideo', '-f', 'framecrc', 'pipe:4');
  }
  if (audio) {
    const channel = options.channel === 'first' ? 'pan=mono|c0=c0,' : '';
    args.push('-map', '0:a:0', ...limit, '-af', `${channel}aresample=async=1:first_pts=0`, '-ac', '1', '-ar', String(sampleRate));
    args.push('-f', 'f32le', 'pipe:3', '-map', '0:a:0', ...limit, '-c:a', 'pcm_s16le', '-f', 'framecrc', 'pipe:5');
  }
  const outputs = [...(video ? [1, 4] : []), ...(audio ? [3, 5] : [])];
  const seconds = Math.min(Math.max(0, (probe.duration ?? 0) - start), mostSeconds);
  const seen = options.onFrame && frameCutter(width, height, options.onFrame);
  const expected = { 1: video && !seen ? Math.ceil(seconds * Math.min(video.baseRate, 120) + 2) * width * height * 3 : 0 };
  const result = await runTool({
    command: tools.ffmpeg,
    args,
    outputs,
    expected,
    signal: options.signal,
    ...(seen && { takers: { 1: seen.take } }),
  });
  refuseOldOptions(tools, result.stderr);
  const damage: string[] = [];
  const decodedFrames = video && readFrames();
  const sound = audio && readSound();
  if (result.exitCode !== 0 && damage.length === 0) damage.push(`ffmpeg ended with code ${result.exitCode}`);
  if (result.stderr.length > 0) damage.push(firstReason(result.stderr, path));
  return { probe, frames: decodedFrames, audio: sound, damage };

  function readFrames(): Frames {
    const bytes = result.outputs[1] ?? Buffer.alloc(0);
    const times = readTimes(result.outputs[4]).pts;
    const size = width * height * 3;
    const isCut = start > 0 || (probe.duration ?? 0) > mostSeconds;
    const length = seen?.bytes() ?? bytes.length;
    if (length === 0) throw unreadable(path, `no frame could be decoded${reasonOf(result.stderr, path)}`);
    if (length !== times.length * size) {
      throw unreadable(path, `${length} bytes for ${times.length} frames of ${width} × ${height}${reasonOf(result.stderr, path)}`);
    }
    const declared = video?.frames;
    if (declared !== undefined && times.length < declared && !isCut) damage.push(`${times.length} of ${declared} frames could be decoded`);
    const all = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    if (options.framesPerSecond === undefined)
      return { data: all, count: times.length, width, height, times: Float64Array.from(times), decoded: times.map((_, index) => index) };
    const chosen = chooseFrames(times, 1 / (video?.baseRate ?? 25), options.framesPerSecond);
    // Frames that only move forward can do so where they lie; most of the time of a copy is spent on new memory.
    const inPlace = chosen.every((from, to) => from >= to);
    const data = inPlace || seen ? all.subarray(0, chosen.length * size) : new Uint8Array(chosen.length * size);
    chosen.forEach((from, to) => {
      if (!seen && (!inPlace || from !== to)) data.set(all.subarray(from * size, (from + 1) * size), to * size);
    });
    const rate = options.framesPerSecond;
    return { data, count: chosen.length, width, height, times: Float64Array.from(chosen, (_, index) => index / rate), decoded: chosen };
  }

  function readSound(): Float32Array {
    const bytes = result.outputs[3] ?? Buffer.alloc(0);
    const { lengths } = readTimes(result.outputs[5]);
    if (bytes.length === 0) throw unreadable(path, `no sound could be decoded${reasonOf(result.stderr, path)}`);
    if (bytes.length % 4 !== 0) throw unreadable(path, `${bytes.length} bytes of sound, not whole samples`);
    const decoded = lengths.reduce((sum, length) => sum + length, 0);
    const declared = Math.min((audio?.duration ?? 0) - start, mostSeconds);
    // Containers count the codec's padding, at most two AAC blocks of 1024.
    if (decoded < declared - 0.06) damage.push(`${decoded.toFixed(2)} s of ${declared.toFixed(2)} s of sound could be decoded`);
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  }
}

/** Cuts a stream of bytes into frames; each is valid only while it is looked at. */
function frameCutter(width: number, height: number, onFrame: NonNullable<DecodeOptions['onFrame']>) {
  const frame = new Uint8Array(width * height * 3);
  let bytes = 0;
  return {
    bytes: () => bytes,
    take(chunk: Uint8Array) {
      for (let from = 0; from < chunk.length; ) {
        const at = bytes % frame.length;
        const part = chunk.subarray(from, from + frame.length - at);
        frame.set(part, at);
        from += part.length;
        bytes += part.length;
        if (bytes % frame.length === 0) onFrame(frame, { width, height });
      }
    },
  };
}

const plain = (line: string, path: string) => line.replace(/^\[[^\]]*\] /, '').replace(`file:${resolve(path)}: `, '');
const firstReason = (stderr: readonly string[], path: string) => `ffmpeg: ${plain(stderr[0] ?? '', path)}`;
const reasonOf = (stderr: readonly string[], path: string) => (stderr.length > 0 ? ` (${firstReason(stderr, path)})` : '');
