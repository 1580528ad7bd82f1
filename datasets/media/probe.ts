import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import { LOCAL_FILES_ONLY, runTool } from './tool-process.ts';
import { findMediaTools, type MediaTools } from './tools.ts';

export interface VideoStream {
  readonly codec: string;
  /** As shown: after rotation. */
  readonly width: number;
  readonly height: number;
  readonly rotation: number;
  /** Base rate; of a variable-rate file the finest, not the mean. */
  readonly baseRate: number;
  /** Seconds; undefined where the container doesn't say. */
  readonly start: number | undefined;
  readonly duration: number | undefined;
  readonly frames: number | undefined;
}
export interface AudioStream {
  readonly codec: string;
  readonly sampleRate: number;
  readonly channels: number;
  readonly start: number | undefined;
  readonly duration: number | undefined;
}
export interface Probe {
  readonly bytes: number;
  /** The first of each kind; cover pictures don't count. */
  readonly video: VideoStream | undefined;
  readonly audio: AudioStream | undefined;
  /** Of the container, in seconds. */
  readonly duration: number | undefined;
}
export interface MediaOptions {
  readonly signal?: AbortSignal | undefined;
  readonly tools?: MediaTools | undefined;
}

interface RawStream {
  codec_type?: string;
  codec_name?: string;
  width?: number;
  height?: number;
  r_frame_rate?: string;
  start_time?: string;
  duration?: string;
  nb_frames?: string;
  sample_rate?: string;
  channels?: number;
  disposition?: { attached_pic?: number };
  tags?: { rotate?: string };
  side_data_list?: { rotation?: number }[];
}

const finite = (text: string | undefined): number | undefined => {
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
};
function rate(text: string | undefined): number {
  const [over, under] = (text ?? '').split('/').map(Number);
  return over && under ? over / under : 25;
}

export function unreadable(path: string, found: string, hint = 'replace the file or take it out of the manifest'): SostenutoError {
  return new SostenutoError({
    code: 'MEDIA_UNREADABLE',
    what: 'A media file cannot be used',
    where: path,
    found,
    expected: 'a complete video or sound file',
    hint,
  });
}

/**
 * Lists streams, times and sizes without decoding.
 * @throws SostenutoError MEDIA_UNREADABLE for a missing or empty file, a lost or damaged index, and a file without streams
 * (ffprobe exits with 0 on some of these, so the stream list decides, not the exit code).
 */
export async function probeMedia(path: string, options: MediaOptions = {}): Promise<Probe> {
  const tools = options.tools ?? findMediaTools();
  const file = await stat(path).catch((cause) => {
    throw unreadable(path, `the file cannot be opened (${(cause as NodeJS.ErrnoException).code})`, 'check the path in the manifest');
  });
  if (!file.isFile()) throw unreadable(path, 'not a regular file');
  if (file.size === 0) throw unreadable(path, 'the file is empty (0 bytes)');
  const result = await runTool({
    command: tools.ffprobe,
    args: ['-loglevel', 'error', ...LOCAL_FILES_ONLY, '-show_streams', '-show_format', '-of', 'json', `file:${resolve(path)}`],
    outputs: [1],
    signal: options.signal,
    mostBytes: 2 ** 24,
  });
  const report = parseReport(result.outputs[1]);
  const streams = report.streams ?? [];
  if (streams.length === 0) {
    const reason = result.stderr.at(-1)?.replace(/^.*file:\S+: /, '');
    const index = result.stderr.some((line) => line.includes('moov atom not found')) ? 'its index (moov) is missing: ' : '';
    throw unreadable(path, `${index}${reason ?? 'the index holds no stream'}`);
  }
  const video = streams.find((stream) => stream.codec_type === 'video' && stream.disposition?.attached_pic !== 1);
  const audio = streams.find((stream) => stream.codec_type === 'audio');
  if (!video && !audio) throw unreadable(path, `only streams of type ${streams.map((stream) => stream.codec_type).join(', ')}`);
  return {
    bytes: file.size,
    duration: finite(report.format?.duration),
    video: video && videoStream(video, path),
    audio: audio && {
      codec: audio.codec_name ?? 'unknown',
      sampleRate: finite(audio.sample_rate) ?? 0,
      channels: audio.channels ?? 0,
      start: finite(audio.start_time),
      duration: finite(audio.duration),
    },
  };
}

function parseReport(output: Buffer | undefined): { streams?: RawStream[]; format?: { duration?: string } } {
  try {
    return JSON.parse(output?.toString('utf8') ?? '{}');
  } catch {
    return {};
  }
}

function videoStream(stream: RawStream, path: string): VideoStream {
  const rotation = stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? finite(stream.tags?.rotate) ?? 0;
  const isTurned = Math.abs(rotation) % 180 === 90;
  const { width = 0, height = 0 } = stream;
  if (width <= 0 || height <= 0) throw unreadable(path, `a video of ${width} × ${height} pixels`);
  return {
    codec: stream.codec_name ?? 'unknown',
    width: isTurned ? height : width,
    height: isTurned ? width : height,
    rotation,
    baseRate: rate(stream.r_frame_rate),
    start: finite(stream.start_time),
    duration: finite(stream.duration),
    frames: finite(stream.nb_frames),
  };
}
