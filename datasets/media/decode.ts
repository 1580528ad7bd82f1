/**
 * Frames and sound of a file by one ffmpeg process. Which frames are shown at a constant rate is decided here by their times, so
 * that it does not depend on the ffmpeg version, and damage shows in the counts even where the exit code is 0.
 */
import { resolve } from 'node:path';
import { decodeArguments, readTimes } from './decode-command.ts';
import { chooseFrames, chooseThinned } from './frame-choice.ts';
import { type MediaOptions, type Probe, probeMedia, unreadable } from './probe.ts';
import { runTool } from './tool-process.ts';
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
  /** Sees every frame [height, width, 3] that may be needed, as it comes, in place of their being kept: `data` stays empty. */
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
  /** Which of the frames that `onFrame` saw each one is. */
  readonly seen: readonly number[];
}
export interface Decoded {
  readonly probe: Probe;
  readonly frames: Frames | undefined;
  /** Mono, aligned so that sample 0 is at time 0 of the file; float32. */
  readonly audio: Float32Array | undefined;
  /** What could not be decoded; empty for a sound file. */
  readonly damage: readonly string[];
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
  const { start = 0, crop, mostSeconds = 120, sampleRate = 24000, framesPerSecond: rate } = options;
  const width = options.size?.width ?? crop?.width ?? video?.width ?? 0;
  const height = options.size?.height ?? crop?.height ?? video?.height ?? 0;
  const size = width * height * 3;
  const version = await optionsOf(tools, options.signal);
  const cutter = options.onFrame && frameCutter(width, height, options.onFrame);
  const isCut = start > 0 || (probe.duration ?? 0) > mostSeconds;
  const damage: string[] = [];

  // Frames that no tick shows are dropped before they are scaled, where the film has more of them than are asked for.
  const thinTo = video && rate !== undefined && rate < video.baseRate ? rate : undefined;
  let result = await run(thinTo);
  let frames = video && framesOf(thinTo);
  if (video && !frames) {
    // ffmpeg thought that the film ends before the last frame that is shown, or showed what lies beyond the end asked for.
    result = await run(undefined);
    frames = framesOf(undefined);
  }
  const sound = audio && soundOf();
  if (result.exitCode !== 0 && damage.length === 0) damage.push(`ffmpeg ended with code ${result.exitCode}`);
  if (result.stderr.length > 0) damage.push(firstReason(result.stderr, path));
  return { probe, frames, audio: sound, damage };

  async function run(thin: number | undefined) {
    const plan = {
      ...{ ...options, path, start, mostSeconds, sampleRate, thinTo: thin },
      ...{ picture: video && { width, height }, hasSound: audio !== undefined, keepsFrames: cutter === undefined },
    };
    const given = await runTool({
      command: tools.ffmpeg,
      args: decodeArguments(plan, version),
      outputs: cutter ? [1] : [],
      large: [...(video ? (cutter ? [4] : [1, 4]) : []), ...(audio ? [3, 5] : [])],
      signal: options.signal,
      ...(cutter && { takers: { 1: cutter.begin() } }),
    });
    refuseOldOptions(tools, given.stderr);
    return given;
  }

  /** Undefined if a frame that is shown is not among the thinned ones. */
  function framesOf(thinned: number | undefined): Frames | undefined {
    const bytes = result.outputs[1] ?? Buffer.alloc(0);
    const { pts, within } = readTimes(result.outputs[4], thinned === undefined ? Number.POSITIVE_INFINITY : mostSeconds);
    const times = pts.slice(0, within);
    const length = cutter?.bytes() ?? bytes.length;
    if (times.length === 0) throw unreadable(path, `no frame could be decoded${reasonOf(result.stderr, path)}`);
    if (thinned === undefined ? length !== times.length * size : length % size !== 0) {
      throw unreadable(path, `${length} bytes for ${times.length} frames of ${width} × ${height}${reasonOf(result.stderr, path)}`);
    }
    const frameSeconds = 1 / (video?.baseRate ?? 25);
    const chosen =
      rate === undefined
        ? times.map((_, index) => index)
        : thinned === undefined
          ? chooseFrames(times, frameSeconds, rate)
          : chooseThinned(pts, within, length / size, frameSeconds, rate);
    if (!chosen) return undefined;
    const declared = video?.frames;
    if (declared !== undefined && times.length < declared && !isCut) damage.push(`${times.length} of ${declared} frames could be decoded`);
    return {
      data: cutter ? new Uint8Array(0) : gather(bytes, chosen, size),
      count: chosen.length,
      width,
      height,
      times: Float64Array.from(chosen, (_, index) => (rate === undefined ? (times[index] ?? Number.NaN) : index / rate)),
      seen: cutter ? chosen.map((index) => cutter.before() + index) : chosen,
    };
  }

  function soundOf(): Float32Array {
    const bytes = result.outputs[3] ?? Buffer.alloc(0);
    const { lengths } = readTimes(result.outputs[5]);
    if (bytes.length === 0) throw unreadable(path, `no sound could be decoded${reasonOf(result.stderr, path)}`);
    if (bytes.length % 4 !== 0) throw unreadable(path, `${bytes.length} bytes of sound, not whole samples`);
    const decoded = lengths.reduce((sum, length) => sum + length, 0);
    const declared = Math.min((audio?.duration ?? 0) - start, mostSeconds);
    // Containers count the codec's padding, at most two AAC blocks of 1024.
    if (decoded < declared - 0.06) damage.push(`${decoded.toFixed(2)} s of ${declared.toFixed(2)} s of sound could be decoded`);
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }
}

/** The frames of these numbers, one after another. Those that only move forward do so where they lie: most of the time of a copy is spent on new memory. */
function gather(bytes: Buffer, chosen: readonly number[], size: number): Uint8Array {
  const all = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const inPlace = chosen.every((from, to) => from >= to);
  const data = inPlace ? all.subarray(0, chosen.length * size) : new Uint8Array(chosen.length * size);
  chosen.forEach((from, to) => {
    if (!inPlace || from !== to) data.set(all.subarray(from * size, (from + 1) * size), to * size);
  });
  return data;
}

/** Cuts a stream of bytes into frames; each is valid only while it is looked at. */
function frameCutter(width: number, height: number, onFrame: NonNullable<DecodeOptions['onFrame']>) {
  const frame = new Uint8Array(width * height * 3);
  let [bytes, before, seen] = [0, 0, 0];
  const take = (chunk: Uint8Array) => {
    for (let from = 0; from < chunk.length; ) {
      const at = bytes % frame.length;
      const part = chunk.subarray(from, from + frame.length - at);
      frame.set(part, at);
      from += part.length;
      bytes += part.length;
      if (bytes % frame.length !== 0) continue;
      seen++;
      onFrame(frame, { width, height });
    }
  };
  return {
    bytes: () => bytes,
    /** Frames of earlier streams. */
    before: () => before,
    /** What takes the next stream. */
    begin() {
      [bytes, before] = [0, seen];
      return take;
    },
  };
}

const plain = (line: string, path: string) => line.replace(/^\[[^\]]*\] /, '').replace(`file:${resolve(path)}: `, '');
const firstReason = (stderr: readonly string[], path: string) => `ffmpeg: ${plain(stderr[0] ?? '', path)}`;
const reasonOf = (stderr: readonly string[], path: string) => (stderr.length > 0 ? ` (${firstReason(stderr, path)})` : '');
