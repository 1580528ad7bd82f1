/** What a person sees and hears of a clip: pictures of its film, the outline of its sound, its notes. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeMedia } from '../../datasets/media/decode.ts';
import { type MediaOptions, probeMedia } from '../../datasets/media/probe.ts';
import { LOCAL_FILES_ONLY, runTool } from '../../datasets/media/tool-process.ts';
import { findMediaTools } from '../../datasets/media/tools.ts';
import { writeWav } from '../../datasets/media/wav.ts';
import { KEYS } from '../../datasets/midi/performance.ts';
import { pianoRoll, ROLL_FRAMES_PER_SECOND } from '../../datasets/midi/piano-roll.ts';
import { readMidi } from '../../datasets/midi/read-midi.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { drawRoll, keyRange, type Roll } from '../report/piano-roll.ts';

/** The part of an entry of a source that can be shown; paths as they are on disk. */
export interface ShownFiles {
  readonly media: string;
  readonly audio?: string | undefined;
  readonly midi?: string | undefined;
  readonly start?: number | undefined;
  readonly seconds?: number | undefined;
}
/** Names of files below the folder of the page; what a clip does not have is missing. */
export interface Pictured {
  readonly seconds: number | undefined;
  readonly thumbnails: readonly string[];
  /** Loudest sample of each of `COLUMNS` parts, 0 … 1. */
  readonly outline: readonly number[];
  readonly sound?: string;
  readonly roll?: Roll;
  readonly rollPicture?: string;
  /** Why something could not be shown. */
  readonly problems: readonly string[];
}

const SAMPLE_RATE = 24_000;
/** Longer clips are shown this far. */
const MOST_SECONDS = 10;
const COLUMNS = 240;
const THUMBNAILS = 3;
const THUMBNAIL_HEIGHT = 96;

/** Decodes the first ten seconds and writes what the page shows under `name` into `folder`. A damaged clip comes back with the reason. */
export async function pictureClip(files: ShownFiles, folder: string, name: string, options: MediaOptions = {}): Promise<Pictured> {
  const problems: string[] = [];
  const attempt = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof SostenutoError) || error.code === 'FFMPEG_MISSING') throw error;
      problems.push(error.problems[0]?.found ?? error.message);
      return undefined;
    }
  };
  const part = {
    ...options,
    start: files.start,
    mostSeconds: Math.min(files.seconds ?? MOST_SECONDS, MOST_SECONDS),
    sampleRate: SAMPLE_RATE,
  };
  const decoded = await attempt(() => decodeMedia(files.audio ?? files.media, { ...part, streams: 'audio' }));
  problems.push(...(decoded?.damage ?? []));
  const samples = decoded?.audio;
  const sound = samples && `${name}.wav`;
  if (samples && sound) await writeFile(join(folder, sound), writeWav(samples, SAMPLE_RATE));
  const film = await attempt(() => thumbnailsOf(files, folder, name, options));
  const seconds = samples && samples.length / SAMPLE_RATE;
  const { midi } = files;
  const roll = midi === undefined ? undefined : await attempt(() => rollOf(midi, files.start ?? 0, seconds ?? MOST_SECONDS));
  const rollPicture = roll && `${name}-roll.png`;
  if (roll && rollPicture) await writeFile(join(folder, rollPicture), drawRoll(roll, keyRange([roll])));
  return {
    seconds: files.seconds ?? decoded?.probe.duration,
    thumbnails: film ?? [],
    outline: samples ? outlineOf(samples) : [],
    ...(sound && { sound }),
    ...(roll && { roll }),
    ...(rollPicture && { rollPicture }),
    problems: [...new Set(problems)],
  };
}

/** Pictures from near the start, the middle and the end; none of a sound. */
async function thumbnailsOf(
  { media, start = 0, seconds }: ShownFiles,
  folder: string,
  name: string,
  options: MediaOptions,
): Promise<string[]> {
  const { video, duration = 0 } = await probeMedia(media, options);
  if (video === undefined) return [];
  const length = seconds ?? Math.max(0, duration - start);
  const { ffmpeg } = options.tools ?? findMediaTools();
  const names: string[] = [];
  for (let index = 0; index < THUMBNAILS; index++) {
    const path = `${name}-${index}.jpg`;
    const at = String(start + length * ((index + 0.5) / THUMBNAILS));
    const scale = ['-vf', `scale=-2:${THUMBNAIL_HEIGHT}`, '-frames:v', '1', '-q:v', '4', '-y', join(folder, path)];
    const args = ['-nostdin', '-loglevel', 'error', ...LOCAL_FILES_ONLY, '-ss', at, '-i', `file:${media}`, ...scale];
    const { exitCode } = await runTool({ command: ffmpeg, args, signal: options.signal });
    if (exitCode === 0) names.push(path);
  }
  return names;
}

/** As long as the sound, so that both lie on one line of time. */
async function rollOf(path: string, start: number, seconds: number): Promise<Roll> {
  const score = readMidi(await readFile(path), path);
  const from = Math.round(start * ROLL_FRAMES_PER_SECOND);
  const { velocity } = pianoRoll(score, { frames: from + Math.max(1, Math.round(seconds * ROLL_FRAMES_PER_SECOND)) });
  const values = velocity.subarray(from * KEYS).map((value) => Math.min(255, 2 * value));
  return { framesPerSecond: ROLL_FRAMES_PER_SECOND, firstKey: 0, keys: KEYS, values };
}

const outlineOf = (samples: Float32Array): number[] =>
  Array.from({ length: COLUMNS }, (_, column) => {
    const [from, to] = [column, column + 1].map((edge) => Math.floor((edge * samples.length) / COLUMNS));
    let most = 0;
    for (const value of samples.subarray(from, to)) most = Math.max(most, Math.abs(value));
    return Math.min(1, most);
  });
