import { mkdirSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createShard, openShard } from '../../../datasets/features/sequence-shard.ts';
import { readWav } from '../../../datasets/media/wav.ts';
import { pathOf } from '../../../pipelines/stored-folder.ts';
import { mixTrainingSounds } from '../../../pipelines/video-to-audio/prepare/mix-training-sounds.ts';
import type { Clip } from '../../../pipelines/video-to-audio/tasks.ts';
import { type Setup, setUp } from '../evaluate/trees.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const RATE = 24_000;
const tone = (hz: number) => Float32Array.from({ length: RATE / 5 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / RATE));
const clip = (id: string, rest: Partial<Clip> = {}): Clip => {
  const media = { form: 'file', digest: '', bytes: 0 } as const;
  return { id, set: 'sounds', split: 'train', caption: `Sound ${id}.`, media, ...rest };
};
let made = 0;
/** Clips of one shard with their sounds, as `extractMedia` leaves them. */
async function given(
  clips: readonly Clip[],
  soundOf: (id: string) => Float32Array | undefined = (id) => tone(200 * (id.charCodeAt(0) - 96)),
) {
  const folder = join(setup.folder, `media-${made++}`);
  mkdirSync(folder);
  const audio = createShard(folder, { name: 'audio', scalar: 'f32', rowsPerSecond: RATE, shape: [1] });
  for (const { id } of clips) {
    const sound = soundOf(id);
    if (sound) audio.append(id, sound);
  }
  audio.close();
  return { shards: [{ id: 'one', clips }], media: [{ id: 'one', artifact: await setup.store.putTree(folder) }] };
}
const mix = async (clips: readonly Clip[], count: number, soundOf?: (id: string) => Float32Array | undefined, seed = 7) =>
  mixTrainingSounds({ inputs: await given(clips, soundOf), params: { count, seed }, item: undefined, context: setup.context });
const captionsOf = async (...words: Parameters<typeof mix>) => (await mix(...words)).shards[1]?.clips.map(({ caption }) => caption);

const five = ['a', 'b', 'c', 'd', 'e'].map((id) => clip(id));

describe('mixtures', () => {
  it('are clips of a shard of their own, with both captions and a sound that holds both', async () => {
    const { shards, media } = await mix(five, 2);
    expect(shards.map(({ id }) => id)).toEqual(['one', 'mixtures']);
    const mixture = shards[1]?.clips[0];
    expect(mixture).toMatchObject({ id: 'mixture-7-00000', set: 'sounds', split: 'train', label: 'mixture' });
    expect(mixture?.caption).toMatch(/^Sound [a-e] and sound [a-e]$/);
    const tree = await setup.store.openTree(media[1]?.artifact ?? { form: 'tree', digest: '', bytes: 0 });
    const audio = openShard({ arrow: pathOf(tree, 'audio.arrow'), index: pathOf(tree, 'audio.json') });
    const heard = Float32Array.from(audio.read('mixture-7-00000'));
    audio.close();
    const correlation = (hz: number) => Math.abs(tone(hz).reduce((sum, value, i) => sum + value * (heard[i] ?? 0), 0)) / heard.length;
    const inside = [...(mixture?.caption.matchAll(/ound ([a-e])/g) ?? [])].map(([, id]) => id);
    for (const { id } of five) {
      const level = correlation(200 * (id.charCodeAt(0) - 96));
      if (inside.includes(id)) expect(level, id).toBeGreaterThan(0.03);
      else expect(level, id).toBeLessThan(0.005);
    }
    const { path } = await setup.store.openFile(mixture?.media ?? { form: 'file', digest: '', bytes: 0 });
    expect(readWav(await readFile(path)).samples).toHaveLength(heard.length);
  });

  it('are the same for the same seed, others for another, and more of them change none', async () => {
    const few = await mix(five, 3);
    expect((await mix(five, 3)).media).toEqual(few.media);
    expect((await captionsOf(five, 7))?.slice(0, 3)).toEqual(few.shards[1]?.clips.map(({ caption }) => caption));
    expect(await captionsOf(five, 3, undefined, 8)).not.toEqual(few.shards[1]?.clips.map(({ caption }) => caption));
  });

  it('use each sound once before any again, and none with itself', async () => {
    const words = (await captionsOf(five, 6))?.map((caption) => [...caption.matchAll(/ound ([a-e])/g)].map(([, id]) => id)) ?? [];
    for (const pair of words) expect(new Set(pair).size).toBe(2);
    for (const turn of [0, 2, 4]) expect(new Set([...(words[turn] ?? []), ...(words[turn + 1] ?? [])]).size).toBe(4);
  });

  it('are never made of held-out clips, other sets, or what cannot be heard or has no caption', async () => {
    const others = [
      clip('f', { split: 'test' }),
      clip('g', { split: 'validation' }),
      clip('h', { set: 'events' }),
      clip('i', { caption: ' ' }),
      clip('silent', {}),
      clip('unreadable', {}),
    ];
    const soundOf = (id: string) => (id === 'unreadable' ? undefined : id === 'silent' ? new Float32Array(4800) : tone(300));
    const captions = await captionsOf([...five, ...others], 60, soundOf);
    expect(captions?.length).toBeGreaterThan(30);
    expect(captions?.length).toBeLessThan(60);
    for (const caption of captions ?? []) expect(caption).toMatch(/^Sound [a-e] and sound [a-e]$/);
  });

  it('come with all other clips, which lose their views, so that other cameras change nothing for whoever hears', async () => {
    const view = (digest: string) => ({ front: { form: 'file', digest, bytes: 1 } as const });
    const filmed = (digest: string) => mix([...five, clip('p', { set: 'piano', views: view(digest) })], 2);
    const [once, again] = [await filmed('one'), await filmed('two')];
    expect(once.shards[0]?.clips.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd', 'e', 'p']);
    expect(again).toEqual(once);
  });

  it('are none if none are wanted, and a clear failure if there is nothing to mix', async () => {
    const inputs = await given(five);
    const none = await mixTrainingSounds({ inputs, params: { count: 0, seed: 1 }, item: undefined, context: setup.context });
    expect(none).toEqual(inputs);
    await expect(mix([clip('a')], 1)).rejects.toMatchObject({ code: 'NO_TRAINING_DATA' });
  });
});
