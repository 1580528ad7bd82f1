import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createShard } from '../../../datasets/features/sequence-shard.ts';
import { writeWav } from '../../../datasets/media/wav.ts';
import type { Performance } from '../../../datasets/midi/performance.ts';
import { pianoRoll } from '../../../datasets/midi/piano-roll.ts';
import { readMidi } from '../../../datasets/midi/read-midi.ts';
import { performanceToMidi } from '../../../datasets/midi/write-midi.ts';
import { composePiece } from '../../../datasets/synthetic/compose.ts';
import { perform } from '../../../datasets/synthetic/perform.ts';
import { pianists } from '../../../datasets/synthetic/pianists.ts';
import { renderPiano } from '../../../datasets/synthetic/piano.ts';
import type { StoredTree } from '../../../engine/define/ports.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { openStore, type Store } from '../../../engine/store/store.ts';
import { styleFeatures } from '../../../models/metrics/style.ts';
import { fitLogistic } from '../../../numeric/logistic.ts';
import { normal } from '../../../numeric/random.ts';
import { importNetworks as takeNetworks } from '../../../pipelines/evaluate/prepare/import-networks.ts';
import type { importNetworks } from '../../../pipelines/evaluate/tasks.ts';
import type { StyleJudge } from '../../../pipelines/video-to-audio/evaluate/style-judge.ts';
import type { ReferenceClip } from '../../../pipelines/video-to-audio/evaluate/tasks.ts';

const RATE = 24_000;
const SECONDS = 1;
export const FRAMES = 75 * SECONDS;
const CHANNELS = 4;
const FPS = 25;
export type PianistId = 'a' | 'b';

const played = (piece: number, pianist: PianistId): Performance => perform(composePiece(piece), pianists[pianist], 1);
export const pianoSound = (piece: number, pianist: PianistId): Float32Array => {
  const { notes, pedal } = played(piece, pianist);
  return renderPiano(notes, pedal, pianists[pianist], { sampleRate: RATE, seconds: SECONDS, seed: 1 });
};
/** Clicks at the times at which the motion of an event clip peaks. */
export const clicks = (times: readonly number[]): Float32Array => {
  const out = new Float32Array(RATE * SECONDS);
  for (const time of times)
    for (let i = 0; i < 900; i++) out[Math.round(time * RATE) + i] = 0.5 * Math.exp(-i / 150) * (i % 5 < 2 ? 1 : -1);
  return out;
};
export const eventTimes = (index: number): number[] => [0.3 + 0.04 * (index % 5), 0.6 + 0.04 * (index % 3), 0.84];

export interface Setup {
  readonly store: Store;
  readonly folder: string;
  readonly context: TaskContext;
}
export async function setUp(): Promise<Setup> {
  const folder = await mkdtemp(join(tmpdir(), 'evaluate-'));
  const store = await openStore(folder);
  let made = 0;
  const context: TaskContext = {
    get workDirectory() {
      const path = join(folder, `work-${made++}`);
      mkdirSync(path);
      return path;
    },
    home: folder,
    signal: new AbortController().signal,
    attempt: 1,
    checkpoints: { latest: async () => undefined, best: async () => undefined, save: async () => {} },
    operational: {},
    progress: () => {},
    metric: () => {},
    warn: () => {},
    readJson: (artifact) => store.readJson(artifact),
    openFile: (artifact) => store.openFile(artifact),
    openTree: (artifact) => store.openTree(artifact),
    putFile: (path, known) => store.putFile(path, known),
    putTree: (directory) => store.putTree(directory),
  };
  return { store, folder, context };
}

type Networks = Parameters<Run<typeof importNetworks>>[0]['params'];
/** Networks in the store, as an evaluation takes them in. */
export async function networksOf({ store, context }: Setup, params: Networks) {
  const { describing, listening, identities } = await takeNetworks({ inputs: {}, params, item: undefined, context });
  const tree = async (path: string) => store.openTree(await store.putTree(path));
  return { describing: await tree(describing), listening: await tree(listening), identities };
}

const latentsOf = (id: string, shift = 0): Float32Array =>
  normal({ seed: id.length, purpose: id }, FRAMES * CHANNELS).map((value) => value + shift);

/** References of `pieces` pieces by both pianists and as many event clips, as `prepareReferences` lays them out. */
export async function references({ store, folder }: Setup, pieces: number): Promise<{ tree: StoredTree; clips: ReferenceClip[] }> {
  const directory = join(folder, `references-${pieces}`);
  for (const part of ['original', 'reconstructed']) mkdirSync(join(directory, part), { recursive: true });
  const shard = (name: string, scalar: 'f32' | 'u8', rowsPerSecond: number, width: number) =>
    createShard(directory, { name, scalar, rowsPerSecond, shape: [width] });
  const [original, truth, motion] = [shard('original', 'f32', 75, CHANNELS), shard('truth', 'u8', 75, 88), shard('motion', 'f32', FPS, 1)];
  const clips: ReferenceClip[] = [];
  const add = (clip: Pick<ReferenceClip, 'id' | 'set'> & Partial<ReferenceClip>, sound: Float32Array) => {
    clips.push({ source: clip.id, from: 0, caption: `caption of ${clip.id}`, frames: FRAMES, seconds: SECONDS, ...clip });
    original.append(clip.id, latentsOf(clip.id));
    writeFileSync(join(directory, 'original', `${clip.id}.wav`), writeWav(sound, RATE));
    writeFileSync(
      join(directory, 'reconstructed', `${clip.id}.wav`),
      writeWav(
        sound.map((value) => Math.round(value * 60) / 60),
        RATE,
      ),
    );
  };
  for (let index = 0; index < pieces; index++) {
    for (const pianist of ['a', 'b'] as const) {
      const id = `piano-${index}-${pianist}`;
      add({ id, set: 'piano', piece: `piece-${index}`, pianist }, pianoSound(index, pianist));
      truth.append(id, pianoRoll(readMidi(performanceToMidi(played(index, pianist)), id), { frames: FRAMES }).velocity);
    }
    const id = `events-${index}`;
    add({ id, set: 'events' }, clicks(eventTimes(index)));
    const peaks = eventTimes(index).map((time) => Math.round(time * FPS));
    motion.append(
      id,
      Float32Array.from({ length: FPS * SECONDS }, (_, frame) => (peaks.includes(frame) ? 0.4 : 0.01)),
    );
  }
  for (const one of [original, truth, motion]) one.close();
  writeFileSync(join(directory, 'clips.json'), JSON.stringify(clips));
  return { tree: await store.openTree(await store.putTree(directory)), clips };
}

/** What an arm made of the clips, as `sampleStage` lays it out; clips for which `soundOf` gives nothing are missing. */
export async function generated(
  { store, folder }: Setup,
  name: string,
  clips: readonly ReferenceClip[],
  soundOf: (clip: ReferenceClip) => Float32Array | undefined,
  options: { readonly shift?: number; readonly guide?: 'binary' | 'velocity' } = {},
): Promise<StoredTree> {
  const directory = join(folder, `generated-${name}`);
  mkdirSync(join(directory, 'generated'), { recursive: true });
  const latents = createShard(directory, { name: 'generated', scalar: 'f32', rowsPerSecond: 75, shape: [CHANNELS] });
  const made = clips.flatMap((clip) => {
    const sound = soundOf(clip);
    return sound === undefined ? [] : [{ clip, sound }];
  });
  for (const { clip, sound } of made) {
    latents.append(clip.id, latentsOf(clip.id, options.shift));
    writeFileSync(join(directory, 'generated', `${clip.id}.wav`), writeWav(sound, RATE));
  }
  latents.close();
  if (options.guide !== undefined) {
    const guide = createShard(directory, { name: 'guide', scalar: 'f32', rowsPerSecond: 75, shape: [51] });
    for (const { clip } of made) if (clip.set === 'piano') guide.append(clip.id, new Float32Array(FRAMES * 51).fill(0.5, 0, 51));
    guide.close();
    writeFileSync(join(directory, 'guide-kind.json'), JSON.stringify({ keys: 51, firstKey: 15, kind: options.guide }));
  }
  return store.openTree(await store.putTree(directory));
}

/** A judge that heard both pianists play other pieces. */
export function styleJudge(accuracy = 1): StyleJudge {
  const heard = [100, 101, 102, 103].flatMap((piece) =>
    (['a', 'b'] as const).map((id) => ({ id, features: styleFeatures(pianoSound(piece, id)) })),
  );
  const columns = heard[0]?.features.map((_, k) => heard.map(({ features }) => features[k] ?? 0)) ?? [];
  const mean = columns.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
  const deviation = columns.map(
    (values, k) => Math.sqrt(values.reduce((sum, value) => sum + (value - (mean[k] ?? 0)) ** 2, 0) / values.length) + 1e-6,
  );
  const rows = heard.map(({ features }) => features.map((value, k) => (value - (mean[k] ?? 0)) / (deviation[k] ?? 1)));
  const model = fitLogistic(
    rows,
    heard.map(({ id }) => (id === 'a' ? 1 : 0)),
  );
  const certain = { original: accuracy, reconstructed: accuracy, noisy: accuracy };
  return { preferred: 'a', other: 'b', mean, deviation, ...model, accuracy: certain, windows: { train: 8, heldOut: 8 } };
}
