import { execFileSync, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
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

const scale = `scale=${SIDE}:${SIDE}:flags=bicubic`;
/** One process for both streams, what it gives is thrown away: the chain of filters as it is usually written, and cutting before scaling as ours does. */
const FILTERS = {
  'ffmpeg, scaled and cut': `fps=${RATE},${scale}:force_original_aspect_ratio=increase,crop=${SIDE}:${SIDE}`,
  'ffmpeg, cut and scaled': `fps=${RATE},crop='min(iw,ih)':'min(iw,ih)',${scale}`,
};

const bare = (filter: string) => (path: string) =>
  new Promise<void>((resolve, reject) => {
    const { ffmpeg } = findMediaTools();
    const video = ['-map', '0:v', '-vf', filter, '-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1'];
    const sound = ['-map', '0:a', '-ac', '1', '-ar', String(SAMPLE_RATE), '-f', 'f32le', 'pipe:3'];
    const child = spawn(ffmpeg, ['-nostdin', '-loglevel', 'error', '-threads', '1', '-i', path, ...video, ...sound], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    });
    child.stdout?.resume();
    (child.stdio[3] as NodeJS.ReadableStream).resume();
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`ffmpeg ended with ${code}`))));
  });

async function ours(path: string): Promise<void> {
  const result = await extractClip(path, { framesPerSecond: RATE, size: SIDE, sampleRate: SAMPLE_RATE });
  if (!result.ok || result.clip.frames?.count !== RATE * SECONDS) throw new Error(`${path} was not extracted`);
}

/** Milliseconds for all clips, as many at once as there are cores. */
async function timed(paths: readonly string[], one: (path: string) => Promise<void>): Promise<number> {
  const left = [...paths];
  const start = performance.now();
  const work = async () => {
    for (let path = left.pop(); path !== undefined; path = left.pop()) await one(path);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return performance.now() - start;
}

/** Frames and sound of films, beside ffmpeg alone. */
export async function measureExtraction(home: string, rounds: number) {
  const paths = Array.from({ length: CLIPS }, (_, index) => film(home, index));
  const ways: (readonly [string, (path: string) => Promise<void>])[] = [
    ['ours', ours],
    ...Object.entries(FILTERS).map(([name, filter]) => [name, bare(filter)] as const),
  ];
  const times = ways.map(([row]) => ({ row, taken: [] as number[] }));
  await timed(paths, ours);
  for (let round = 0; round < rounds; round++) for (const [i, [, way]] of ways.entries()) times[i]?.taken.push(await timed(paths, way));
  return {
    what: `${CLIPS} films of ${SECONDS} s, 640 × 360: ${RATE} frames a second of ${SIDE} × ${SIDE}, sound at ${SAMPLE_RATE} Hz`,
    rows: times.map(({ row, taken }) => {
      const ratios = taken.map((milliseconds, i) => (times[0]?.taken[i] ?? Number.NaN) / milliseconds).sort((a, b) => a - b);
      return {
        row,
        'ms a clip': Math.round(median(taken) / CLIPS),
        'seconds of film in one': Math.round((1000 * CLIPS * SECONDS) / median(taken)),
        'time of ours by its': Number(median(ratios).toFixed(2)),
        'in rounds': [ratios[0], ratios.at(-1)].map((ratio) => ratio?.toFixed(2)).join('–'),
      };
    }),
  };
}
