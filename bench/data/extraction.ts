import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { extractClip } from '../../datasets/media/extract.ts';
import { findMediaTools } from '../../datasets/media/tools.ts';
import { median } from '../measure/alternate.ts';

const CLIPS = 8;
const SECONDS = 10;
/** Frames a second of the films. */
const FILMED = 30;
const [RATE, SIDE, SAMPLE_RATE] = [25, 224, 24000];

/** A film with sound as a camera would bring it: 640 × 360, 30 frames a second, H.264 and AAC. */
function film(folder: string, index: number): string {
  const path = join(folder, `clip-${index}.mp4`);
  const input = (filter: string) => ['-f', 'lavfi', '-i', filter];
  const args = [...input(`testsrc2=s=640x360:r=${FILMED}:d=${SECONDS}`), ...input(`anoisesrc=d=${SECONDS}:r=44100:seed=${index}`)];
  const codecs = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-shortest'];
  execFileSync(findMediaTools().ffmpeg, ['-nostdin', '-loglevel', 'error', '-y', ...args, ...codecs, path]);
  return path;
}

const [cut, scale] = ["crop='min(iw,ih)':'min(iw,ih)'", `scale=${SIDE}:${SIDE}:flags=bicubic`];
const CUT_AND_SCALED = `fps=${RATE},${cut},${scale}`;
/** The chain of filters as it is usually written. It scales what it then throws away, and gives other pictures. */
const SCALED_AND_CUT = `fps=${RATE},${scale}:force_original_aspect_ratio=increase,crop=${SIDE}:${SIDE}`;

type Sink = (name: 'frames' | 'sound', pipe: NodeJS.ReadableStream) => void;
const discard: Sink = (_, pipe) => {
  pipe.resume();
};
/** One process for both streams, with nothing counted, checked or kept. With `folder` it writes files there, else into pipes that `sink` drains. */
const bare = (filter: string, { folder, sink = discard }: { folder?: string; sink?: Sink } = {}) => {
  const to = (pipe: number, name: string) => (folder === undefined ? `pipe:${pipe}` : join(folder, name));
  return (path: string) =>
    new Promise<void>((resolve, reject) => {
      const video = ['-map', '0:v', '-vf', filter, '-pix_fmt', 'rgb24', '-f', 'rawvideo', to(1, `${basename(path)}.rgb`)];
      const sound = ['-map', '0:a', '-ac', '1', '-ar', String(SAMPLE_RATE), '-f', 'f32le', to(3, `${basename(path)}.f32`)];
      const args = ['-nostdin', '-y', '-loglevel', 'error', '-threads', '1', '-i', path, ...video, ...sound];
      const child = spawn(findMediaTools().ffmpeg, args, { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
      if (child.stdout) sink('frames', child.stdout);
      sink('sound', child.stdio[3] as NodeJS.ReadableStream);
      child.on('error', reject);
      child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`ffmpeg ended with ${code}`))));
    });
};

async function extract(path: string) {
  const result = await extractClip(path, { framesPerSecond: RATE, size: SIDE, sampleRate: SAMPLE_RATE });
  if (!result.ok || result.clip.frames?.count !== RATE * SECONDS) throw new Error(`${path} was not extracted`);
  return { frames: result.clip.frames.data, sound: Buffer.from(result.clip.audio?.buffer ?? new ArrayBuffer(0)) };
}
const ours = async (path: string): Promise<void> => {
  await extract(path);
};

/** Throws unless the bare command gives what ours gives, to the byte. */
async function compareOutputs(path: string): Promise<void> {
  const given: Record<'frames' | 'sound', Buffer[]> = { frames: [], sound: [] };
  await bare(CUT_AND_SCALED, { sink: (name, pipe) => pipe.on('data', (chunk: Buffer) => given[name].push(chunk)) })(path);
  const found = await extract(path);
  for (const name of ['frames', 'sound'] as const)
    if (!Buffer.concat(given[name]).equals(found[name])) throw new Error(`${name} differ from those of ffmpeg alone`);
}

/** Milliseconds that this process and those that it started have computed. Linux alone tells it of the latter. */
function computed(): number {
  if (!existsSync('/proc/self/stat')) return Number.NaN;
  const [user, system, childUser, childSystem] = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .slice(11, 15)
    .map(Number);
  return 10 * ((user ?? 0) + (system ?? 0) + (childUser ?? 0) + (childSystem ?? 0));
}

interface Taken {
  readonly wall: number;
  readonly cpu: number;
}
/** Milliseconds for all clips, as many at once as there are cores. */
async function timed(paths: readonly string[], one: (path: string) => Promise<void>): Promise<Taken> {
  const left = [...paths];
  const [start, before] = [performance.now(), computed()];
  const work = async () => {
    for (let path = left.pop(); path !== undefined; path = left.pop()) await one(path);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return { wall: performance.now() - start, cpu: computed() - before };
}

/** Frames and sound of films, beside ffmpeg alone. */
export async function measureExtraction(home: string, rounds: number) {
  const paths = Array.from({ length: CLIPS }, (_, index) => film(home, index));
  const ways: readonly (readonly [string, (path: string) => Promise<void>])[] = [
    ['ours', ours],
    ['ffmpeg into pipes', bare(CUT_AND_SCALED)],
    ['ffmpeg into files', bare(CUT_AND_SCALED, { folder: home })],
    ['ffmpeg into pipes, scaled and cut', bare(SCALED_AND_CUT)],
  ];
  const times = ways.map(([row]) => ({ row, taken: [] as Taken[] }));
  await compareOutputs(paths[0] ?? '');
  await timed(paths, ours);
  for (let round = 0; round < rounds; round++) for (const [i, [, way]] of ways.entries()) times[i]?.taken.push(await timed(paths, way));
  const ratios = (kind: keyof Taken, taken: readonly Taken[]) =>
    taken.map((own, i) => (times[0]?.taken[i]?.[kind] ?? Number.NaN) / own[kind]).sort((a, b) => a - b);
  const shown = (kind: keyof Taken, taken: readonly Taken[]) => {
    const sorted = ratios(kind, taken);
    return `${median(sorted).toFixed(2)} (${[sorted[0], sorted.at(-1)].map((ratio) => ratio?.toFixed(2)).join('–')})`;
  };
  return {
    what: `${CLIPS} films of ${SECONDS} s, 640 × 360: ${RATE} frames a second of ${SIDE} × ${SIDE}, sound at ${SAMPLE_RATE} Hz`,
    rows: times.map(({ row, taken }) => ({
      row,
      'ms a clip': Math.round(median(taken.map(({ wall }) => wall)) / CLIPS),
      'computed ms a clip': Math.round(median(taken.map(({ cpu }) => cpu)) / CLIPS),
      'time of ours by its': shown('wall', taken),
      'computed by ours by its': shown('cpu', taken),
    })),
  };
}
