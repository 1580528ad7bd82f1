/**
 * The project's own sets as real files, so that they take the same way as any other data. A clip depends only on (set,
 * seed, index): a larger count adds clips and changes none.
 *
 * sounds/  <id>.wav                                               captioned sounds
 * events/  <id>.mp4                                               H.264 + AAC
 * piano/   <id>/{front,top,left,right,pedal}.mp4 audio.wav midi.mid   front.mp4 has the sound, too
 * each with manifest.jsonl
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeMedia } from '../media/encode.ts';
import { findMediaTools, type MediaTools } from '../media/tools.ts';
import { writeWav } from '../media/wav.ts';
import { performanceToMidi } from '../midi/write-midi.ts';
import { composePiece, pieceSeed, type Split } from '../synthetic/compose.ts';
import { drawScene, paintScene, renderScene, SCENE_SIZE } from '../synthetic/events.ts';
import { paintView, VIEW_SIZES, type View, views } from '../synthetic/keyboard-video.ts';
import { perform } from '../synthetic/perform.ts';
import { type Pianist, pianistA, pianistB } from '../synthetic/pianists.ts';
import { renderPiano } from '../synthetic/piano.ts';
import { drawSound, renderSound } from '../synthetic/sounds.ts';
import type { ClipRow } from './manifest.ts';

export type SyntheticSet = 'sounds' | 'events' | 'piano';
export interface SyntheticOptions {
  /** Clips; of `piano`, pieces, each played by both pianists. */
  readonly count: number;
  readonly seed: number;
  /** Length of a sound or event clip, default 2. */
  readonly clipSeconds?: number;
  /** Shortest and longest piano piece at its own tempo. */
  readonly pieceSeconds?: readonly [number, number];
  /** Which camera views of a piano clip are made. Default all five. */
  readonly views?: readonly View[];
  readonly signal?: AbortSignal | undefined;
  readonly tools?: MediaTools | undefined;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

const SAMPLE_RATE = 24000;
const FRAMES_PER_SECOND = 25;
const CLIP_SECONDS = 2;
/** Clips in work at once: while ffmpeg writes one, the next is painted. */
const IN_WORK = 2;

/** One clip in ten is held out for validation and one for test, by its index alone. */
export const splitOf = (index: number): Split => (index % 10 === 2 ? 'validation' : index % 10 === 5 ? 'test' : 'train');

const clipId = (set: SyntheticSet, seed: number, index: number) => `${set}-${seed}-${String(index).padStart(5, '0')}`;
/** Seed of a clip's own draws; clips of different sets may share it, their purposes differ. */
const clipSeed = (seed: number, index: number) => (seed % 100_000) * 100_000 + index;

interface Job {
  readonly directory: string;
  readonly index: number;
  readonly options: SyntheticOptions;
  readonly tools: MediaTools;
}

async function writeSound({ directory, index, options }: Job): Promise<ClipRow[]> {
  const { clipSeconds: seconds = CLIP_SECONDS } = options;
  const seed = clipSeed(options.seed, index);
  const spec = drawSound(seed);
  const samples = renderSound(spec, { sampleRate: SAMPLE_RATE, seconds, seed });
  const id = clipId('sounds', options.seed, index);
  await writeFile(join(directory, `${id}.wav`), writeWav(samples, SAMPLE_RATE));
  return [{ id, split: splitOf(index), caption: spec.caption, media: `${id}.wav`, seconds, label: spec.kind }];
}

async function writeEvent({ directory, index, options, tools }: Job): Promise<ClipRow[]> {
  const { clipSeconds: seconds = CLIP_SECONDS } = options;
  const seed = clipSeed(options.seed, index);
  const spec = drawScene(seed, seconds);
  const id = clipId('events', options.seed, index);
  await encodeMedia({
    path: join(directory, `${id}.mp4`),
    ...SCENE_SIZE,
    framesPerSecond: FRAMES_PER_SECOND,
    frames: paintScene(spec, FRAMES_PER_SECOND),
    audio: { samples: renderScene(spec, { sampleRate: SAMPLE_RATE, seed }), sampleRate: SAMPLE_RATE },
    signal: options.signal,
    tools,
  });
  return [{ id, split: splitOf(index), caption: spec.caption, media: `${id}.mp4`, seconds, label: spec.kind }];
}

async function writePianoClip({ directory, index, options, tools }: Job, pianist: Pianist): Promise<ClipRow> {
  const split = splitOf(index);
  const piece = composePiece(pieceSeed(split, options.seed, index), options.pieceSeconds);
  const performance = perform(piece, pianist, options.seed);
  const id = `${clipId('piano', options.seed, index)}-${pianist.id}`;
  await mkdir(join(directory, id));
  const samples = renderPiano(performance.notes, performance.pedal, pianist, {
    sampleRate: SAMPLE_RATE,
    seconds: performance.seconds,
    seed: options.seed,
  });
  await writeFile(join(directory, id, 'audio.wav'), writeWav(samples, SAMPLE_RATE));
  await writeFile(join(directory, id, 'midi.mid'), performanceToMidi(performance));
  const wanted = options.views ?? views;
  for (const view of wanted) {
    await encodeMedia({
      path: join(directory, id, `${view}.mp4`),
      ...VIEW_SIZES[view],
      framesPerSecond: FRAMES_PER_SECOND,
      frames: paintView(performance, view, FRAMES_PER_SECOND),
      ...(view === 'front' ? { audio: { samples, sampleRate: SAMPLE_RATE } } : {}),
      signal: options.signal,
      tools,
    });
  }
  const loudness = pianist.id === 'a' ? 'expressive, bright' : 'plain, soft';
  return {
    id,
    split,
    caption: `${loudness} piano playing in ${piece.title.split(',')[0]}`,
    media: wanted.includes('front') ? `${id}/front.mp4` : `${id}/audio.wav`,
    audio: `${id}/audio.wav`,
    midi: `${id}/midi.mid`,
    views: Object.fromEntries(wanted.map((view) => [view, `${id}/${view}.mp4`])),
    seconds: performance.seconds,
    label: 'piano',
    piece: piece.id,
    pianist: pianist.id,
  };
}

const writers: Readonly<Record<SyntheticSet, (job: Job) => Promise<ClipRow[]>>> = {
  sounds: writeSound,
  events: writeEvent,
  piano: async (job) => [await writePianoClip(job, pianistA), await writePianoClip(job, pianistB)],
};

/**
 * Writes a set into an existing empty directory and returns its manifest's rows. The same options give the same bytes with
 * the same ffmpeg.
 * @throws the signal's reason when aborted.
 */
export async function writeSyntheticSet(set: SyntheticSet, directory: string, options: SyntheticOptions): Promise<ClipRow[]> {
  const tools = options.tools ?? findMediaTools();
  const rows: ClipRow[][] = [];
  let next = 0;
  let done = 0;
  let failure: { reason: unknown } | undefined;
  const work = async () => {
    while (next < options.count && !failure) {
      const index = next++;
      try {
        options.signal?.throwIfAborted();
        rows[index] = await writers[set]({ directory, index, options, tools });
      } catch (reason) {
        failure ??= { reason };
        return;
      }
      options.onProgress?.(++done, options.count);
      // Lets timers and heartbeats run between two clips that never wait.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(Array.from({ length: IN_WORK }, work));
  if (failure) throw (failure as { reason: unknown }).reason;
  const all = rows.flat();
  await writeFile(join(directory, 'manifest.jsonl'), all.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return all;
}
