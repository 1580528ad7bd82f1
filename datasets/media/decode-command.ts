/** What is asked of ffmpeg to decode a file: RGB frames on pipe 1, sound on pipe 3, the times of what was really decoded on pipes 4 and 5. */
import { resolve } from 'node:path';
import type { DecodeOptions } from './decode.ts';
import { LOCAL_FILES_ONLY, MOST_BYTES } from './tool-process.ts';
import type { VersionOptions } from './versions.ts';

export interface DecodePlan extends Pick<DecodeOptions, 'crop' | 'size' | 'channel'> {
  readonly path: string;
  /** Seconds. */
  readonly start: number;
  readonly mostSeconds: number;
  readonly sampleRate: number;
  /** Of a frame; undefined without pictures. */
  readonly picture: { readonly width: number; readonly height: number } | undefined;
  readonly hasSound: boolean;
  /** Whether frames are kept together, of which there may then not be more than `MOST_BYTES`. */
  readonly keepsFrames: boolean;
  /** Frames a second of which ffmpeg gives no more: what is dropped need not be scaled. Undefined gives every decoded frame. */
  readonly thinTo: number | undefined;
}

export function decodeArguments(plan: DecodePlan, { everyFrame, fileTimes }: VersionOptions): string[] {
  const { path, start, mostSeconds, sampleRate, picture, crop, size, thinTo } = plan;
  const limit = ['-t', String(mostSeconds)];
  const args = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-threads', '1', ...LOCAL_FILES_ONLY];
  if (start > 0) args.push('-ss', String(start));
  args.push('-i', `file:${resolve(path)}`);
  if (picture) {
    const { width, height } = picture;
    const chain: string[] = [];
    // The rule of `chooseFrames`, but for the end of the film, of which ffmpeg has its own idea.
    if (thinTo !== undefined) chain.push(`fps=${thinTo}:start_time=0:round=near`);
    if (crop) chain.push(`crop=${crop.width}:${crop.height}:${crop.x}:${crop.y}:exact=1`);
    // What is cut off need not be scaled: a wide picture takes a quarter less time.
    if (size && size.fit !== 'stretch') chain.push(`crop=w='min(iw,ih*${width}/${height})':h='min(ih,iw*${height}/${width})'`);
    if (size) chain.push(`scale=${width}:${height}:flags=bicubic`);
    const frames = thinTo === undefined ? limit : ['-frames:v', String(Math.ceil(mostSeconds * thinTo) + 1)];
    // A little more than may be kept, which is then refused.
    const most = plan.keepsFrames ? ['-fs', String(MOST_BYTES + 1)] : [];
    // Two ticks beyond the end: they show whether something later was nearer to the last ones.
    const times = thinTo === undefined ? limit : ['-t', String(mostSeconds + 2 / thinTo)];
    args.push('-filter_complex', `[0:v:0]split[all][times];[all]${[...chain, 'format=rgb24'].join(',')}[frames]`);
    args.push('-map', '[frames]', ...frames, ...everyFrame, ...fileTimes, '-pix_fmt', 'rgb24', ...most, '-f', 'rawvideo', 'pipe:1');
    // A frame wrapped as it is costs no check-sum of its pixels.
    args.push('-map', '[times]', ...times, ...everyFrame, ...fileTimes, '-c:v', 'wrapped_avframe', '-f', 'framecrc', 'pipe:4');
  }
  if (plan.hasSound) {
    const channel = plan.channel === 'first' ? 'pan=mono|c0=c0,' : '';
    args.push('-map', '0:a:0', ...limit, '-af', `${channel}aresample=async=1:first_pts=0`, '-ac', '1', '-ar', String(sampleRate));
    args.push('-f', 'f32le', 'pipe:3', '-map', '0:a:0', ...limit, '-c:a', 'pcm_s16le', '-f', 'framecrc', 'pipe:5');
  }
  return args;
}

/** Rows of ffmpeg's `framecrc`: stream, dts, pts, duration, size, checksum. In seconds; `within` of them come before `end`, to the stream's unit of time as `-t` has it. */
export function readTimes(output: Buffer | undefined, end = Number.POSITIVE_INFINITY) {
  const text = output?.toString('latin1') ?? '';
  const [over, under] = (/^#tb 0: (\d+)\/(\d+)/m.exec(text)?.slice(1) ?? ['1', '1']).map(Number);
  const base = (over ?? 1) / (under ?? 1);
  const pts: number[] = [];
  const lengths: number[] = [];
  let within = 0;
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, , units, length] = line.split(',').map(Number);
    if (within === pts.length && Number(units) < Math.round(end / base)) within++;
    pts.push(Number(units) * base);
    lengths.push(Number(length) * base);
  }
  return { pts, lengths, within };
}
