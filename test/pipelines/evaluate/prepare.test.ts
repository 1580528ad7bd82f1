import { mkdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createShard } from '../../../datasets/features/sequence-shard.ts';
import { levelled } from '../../../datasets/media/level.ts';
import type { Mapped } from '../../../engine/define/pipeline.ts';
import type { StoredTree } from '../../../engine/define/ports.ts';
import { loadEncodec } from '../../../models/encoders/encodec/index.ts';
import { prepareReferences } from '../../../pipelines/video-to-audio/evaluate/prepare-references.ts';
import { openReferences, referenceClips, soundIn } from '../../../pipelines/video-to-audio/evaluate/references.ts';
import { styleLogOdds } from '../../../pipelines/video-to-audio/evaluate/style-judge.ts';
import { trainStyleJudge } from '../../../pipelines/video-to-audio/evaluate/train-style-judge.ts';
import type { Clip, SetName } from '../../../pipelines/video-to-audio/tasks.ts';
import { testBackend } from '../../models/network/fixture.ts';
import { clicks, type PianistId, pianoSound, type Setup, setUp } from './trees.ts';

const CODEC = join(import.meta.dirname, '../../../models/codec/weights');
const CHANNELS = 32;
const nothing = { form: 'file', digest: '', bytes: 0 } as const;
let setup: Setup;
let codec: StoredTree;
beforeAll(async () => {
  setup = await setUp();
  codec = await setup.store.openTree(await setup.store.putTree(CODEC));
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

interface Made {
  readonly clip: Clip;
  readonly sound: Float32Array;
  /** Silence if not given. */
  readonly latents?: Float32Array;
  readonly frames?: Uint8Array;
  readonly sounding?: Uint8Array;
}
const clip = (id: string, set: SetName, split: Clip['split'], rest: Partial<Clip> = {}): Clip => ({
  id,
  set,
  split,
  caption: id,
  media: nothing,
  ...rest,
});

/** The features of some clips as the preparing tasks leave them, in one shard; pictures are 2 × 2. */
async function features(name: string, made: readonly Made[]) {
  const folder = join(setup.folder, name);
  mkdirSync(folder);
  const shard = (part: string, scalar: 'f32' | 'u8', rowsPerSecond: number, shape: number[]) =>
    createShard(folder, { name: part, scalar, rowsPerSecond, shape });
  const [audio, frames] = [shard('audio', 'f32', 24_000, [1]), shard('frames', 'u8', 25, [2, 2, 3])];
  const [latents, sounding] = [shard('latents', 'f32', 75, [CHANNELS]), shard('sounding', 'u8', 75, [88])];
  for (const one of made) {
    const { id } = one.clip;
    audio.append(id, one.sound);
    latents.append(id, one.latents ?? new Float32Array((one.sound.length / 320) * CHANNELS));
    if (one.frames) frames.append(id, one.frames);
    if (one.sounding) sounding.append(id, one.sounding);
  }
  for (const part of [audio, frames, latents, sounding]) part.close();
  const mapped: readonly Mapped[] = [{ id: 'one', artifact: await setup.store.putTree(folder) }];
  return { shards: [{ id: 'one', clips: made.map((one) => one.clip) }], media: mapped, latents: mapped, rolls: mapped, codec };
}

describe('references', () => {
  it('are stretches of held-out clips with the sound, notes and motion of their own time', async () => {
    const sound = Float32Array.from({ length: 48_000 }, (_, i) => (i < 24_000 ? 0.1 : 0.4) * Math.sin(i / 9));
    const sounding = new Uint8Array(150 * 88);
    sounding[80 * 88 + 40] = 99;
    const frames = new Uint8Array(50 * 12);
    frames.fill(255, 30 * 12);
    const inputs = await features('references', [
      { clip: clip('piano-1', 'piano', 'test', { pianist: 'a', piece: 'p' }), sound, sounding },
      { clip: clip('events-1', 'events', 'test'), sound, frames },
      { clip: clip('short', 'sounds', 'test'), sound: sound.slice(0, 11_200) },
      { clip: clip('seen', 'piano', 'train'), sound, sounding },
    ]);
    const params = { seconds: 1, clips: { piano: 5, events: 5, sounds: 5 }, seed: 1 };
    const { references } = await prepareReferences({ inputs, params, item: undefined, context: setup.context });
    const tree = await setup.store.openTree(await setup.store.putTree(references));
    const clips = await referenceClips(tree);
    expect(clips.map(({ id }) => id)).toEqual(['piano-1', 'piano-1@75', 'events-1', 'events-1@75']);
    expect(clips[1]).toEqual({
      id: 'piano-1@75',
      source: 'piano-1',
      from: 75,
      set: 'piano',
      caption: 'piano-1',
      frames: 75,
      seconds: 1,
      pianist: 'a',
      piece: 'p',
    });
    const opened = openReferences(tree);
    const [first, second, , event] = await Promise.all(clips.map((one) => opened.read(one)));
    const peak = (samples: Float32Array | undefined) => Math.max(...(samples ?? []));
    expect(peak(first?.original)).toBeCloseTo(0.125, 2);
    expect(peak(second?.original)).toBeCloseTo(0.5, 2);
    expect(second?.original.length).toBe(24_000);
    expect((await soundIn(tree, 'reconstructed/piano-1.wav')).length).toBe(24_000);
    expect(first?.truth?.every((cell) => cell === 0)).toBe(true);
    expect(second?.truth?.[5 * 88 + 40]).toBe(99);
    expect(first?.motion).toBeUndefined();
    expect(event?.motion?.fps).toBe(25);
    expect(Array.from(event?.motion?.values ?? []).indexOf(1)).toBe(5);
    opened.close();
  });

  it('of sets without held-out clips are none, and no failure', async () => {
    const inputs = await features('empty', [{ clip: clip('seen', 'sounds', 'train'), sound: clicks([0.5]) }]);
    const params = { seconds: 1, clips: { piano: 1, events: 1, sounds: 1 }, seed: 1 };
    const { references } = await prepareReferences({ inputs, params, item: undefined, context: setup.context });
    expect(JSON.parse(readFileSync(join(references, 'clips.json'), 'utf8'))).toEqual([]);
  });
});

describe('the style judge', () => {
  const params = { seconds: 0.48, clips: 64, pianists: { preferred: 'a', other: 'b' } };
  it('learns to tell two pianists apart on pieces that it did not hear', async () => {
    const tf = await testBackend();
    const encoder = await loadEncodec(tf, CODEC);
    const made = [1, 2, 3, 4, 5].flatMap((piece) =>
      (['a', 'b'] as PianistId[]).map((pianist): Made => {
        const sound = pianoSound(piece, pianist);
        const latents = tf.tidy(() =>
          encoder.encode(tf.tensor2d(levelled(Float32Array.from(sound)), [1, sound.length])).dataSync<'float32'>(),
        );
        const split = piece < 5 ? 'train' : 'validation';
        return { clip: clip(`${piece}-${pianist}`, 'piano', split, { pianist }), sound, latents: Float32Array.from(latents) };
      }),
    );
    encoder.dispose();
    const { style } = await trainStyleJudge({ inputs: await features('style', made), params, item: undefined, context: setup.context });
    expect(style.windows).toEqual({ train: 16, heldOut: 4 });
    expect(style.accuracy.original).toBe(1);
    expect(styleLogOdds(style, pianoSound(9, 'a'))).toBeGreaterThan(0);
    expect(styleLogOdds(style, pianoSound(9, 'b'))).toBeLessThan(0);
  });
  it('without pianists knows nothing, and says so', async () => {
    const inputs = await features('no pianists', [{ clip: clip('x', 'sounds', 'train'), sound: clicks([0.5]) }]);
    const { style } = await trainStyleJudge({ inputs, params, item: undefined, context: setup.context });
    expect(style.accuracy).toEqual({ original: 0, reconstructed: 0, noisy: 0 });
    expect(styleLogOdds(style, pianoSound(9, 'a'))).toBe(0);
  });
});
