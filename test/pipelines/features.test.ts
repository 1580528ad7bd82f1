import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clipDataset } from '../../models/training/flow/dataset.ts';
import { readFeature } from '../../pipelines/video-to-audio/features.ts';
import { filmedFiles, openFilmedClips } from '../../pipelines/video-to-audio/filmed-clips.ts';
import { openStageClips, stageFiles } from '../../pipelines/video-to-audio/stage-clips.ts';
import type { Clip } from '../../pipelines/video-to-audio/tasks.ts';
import { type Setup, setUp } from './evaluate/trees.ts';
import {
  CHANNELS,
  clipOf,
  HEIGHT,
  KEYS,
  type MadeClip,
  mappedShard,
  mappedViews,
  noiseOf,
  stageInputs,
  TEXT,
  VIDEO,
  WIDTH,
} from './features.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const midi = { form: 'file', digest: '', bytes: 0 } as const;
const [FRAMES, PICTURES] = [30, 10];
/** A roll of `rows` in which the key of column `row` is down in each row, and the pedal in every second one. */
const rollOf = (rows: number) =>
  Uint8Array.from({ length: rows * (KEYS + 1) }, (_, i) => {
    const [row, column] = [Math.floor(i / (KEYS + 1)), i % (KEYS + 1)];
    return column === KEYS ? row % 2 : Number(column === row) * 100;
  });
const piano = (id: string, features: MadeClip['features'] = {}, rest: Partial<Clip> = {}): MadeClip => ({
  clip: clipOf(id, { midi, ...rest }),
  features: { ...noiseOf(id, FRAMES), roll: rollOf(FRAMES), front: new Uint8Array(PICTURES * HEIGHT * WIDTH).fill(7), ...features },
});
const sound = (id: string, rest: Partial<Clip> = {}): MadeClip => {
  const { video: _, ...features } = noiseOf(id, FRAMES);
  return { clip: clipOf(id, { set: 'sounds', ...rest }), features };
};
const without = ({ clip, features }: MadeClip, name: string): MadeClip => ({
  clip,
  features: Object.fromEntries(Object.entries(features).filter(([key]) => key !== name)),
});
async function read(clips: readonly MadeClip[], views: readonly string[] = []) {
  const pictures = await mappedViews(setup, ['front'], clips);
  const inputs = { ...(await stageInputs(setup, clips)), pictures };
  return openStageClips(await stageFiles(setup.context, inputs, 'train', views), { checked: true }).map((clip) => clip.read());
}

describe('the clips of a stage', () => {
  it('are those of a split by their ids, each with what it has', async () => {
    const [first, second] = await read([sound('b'), piano('a'), sound('c', { split: 'test' })], ['front']);
    expect([first?.id, second?.id]).toEqual(['a', 'b']);
    expect(first).toMatchObject({ set: 'piano', frames: FRAMES, tokens: 2, video: { count: PICTURES, seconds: PICTURES / 25 } });
    expect(first?.latents).toHaveLength(FRAMES * CHANNELS);
    expect(first?.video?.features).toHaveLength(PICTURES * VIDEO);
    expect(first?.pictures?.front).toHaveLength(PICTURES * HEIGHT * WIDTH);
    expect([first?.notes?.velocities[3 * KEYS + 3], first?.notes?.velocities[3 * KEYS + 4], first?.notes?.pedal[3]]).toEqual([100, 0, 1]);
    for (const part of ['video', 'notes', 'pictures']) expect(second).not.toHaveProperty(part);
  });

  it('have notes for exactly their frames, whether the MIDI ends before the sound or behind', async () => {
    const [long, short] = await read([piano('long', { roll: rollOf(FRAMES + 9) }), piano('short', { roll: rollOf(FRAMES - 9) })]);
    for (const clip of [long, short]) expect(clip?.notes?.pedal).toHaveLength(FRAMES);
    const down = (clip: typeof long, frame: number) => clip?.notes?.velocities[frame * KEYS + frame];
    expect([down(long, 25), down(short, 15), down(short, 25)]).toEqual([100, 100, 0]);
  });

  it('without a caption have no tokens', async () => {
    const [clip] = await read([without(sound('a'), 'text')]);
    expect(clip?.tokens).toBe(0);
  });

  it.each(['latents', 'roll', 'front'])('are left out if their %s were set apart', async (name) => {
    const ids = async (views: readonly string[]) => (await read([without(piano('a'), name), piano('b')], views)).map(({ id }) => id);
    expect(await ids(['front'])).toEqual(['b']);
    expect(await ids([])).toEqual(name === 'front' ? ['a', 'b'] : ['b']);
  });
});

describe('batches of stored clips', () => {
  it('are the same bytes whether clips stay in memory or are read anew for each, from shards that are closed between', async () => {
    const clips = ['a', 'b', 'c'].flatMap((id) => [piano(id), sound(`sound-${id}`)]);
    const inputs = { ...(await stageInputs(setup, clips)), pictures: await mappedViews(setup, ['front'], clips) };
    const stored = openStageClips(await stageFiles(setup.context, inputs, 'train', ['front']), { keptBytes: 0 });
    const shape = {
      frames: 12,
      channels: CHANNELS,
      textWidth: TEXT,
      videoWidth: VIDEO,
      roll: { keys: 88, target: 'velocity', sustain: true },
      pictures: { views: ['front'], height: HEIGHT, width: WIDTH },
      seed: 3,
    } as const;
    const mix = { piano: 2, sounds: 1 };
    const held = clipDataset(
      stored.map((clip) => clip.read()),
      mix,
      shape,
    );
    const read = clipDataset(stored, mix, shape);
    for (let step = 0; step < 8; step++) expect(read.batchAt(step)).toEqual(held.batchAt(step));
    expect(read.batchAt(1)).not.toEqual(held.batchAt(0));
  });
});

describe('a feature', () => {
  it('with a value that is no number is refused with clip, value and place', async () => {
    const spoilt = sound('b');
    const latents = Float32Array.from(spoilt.features.latents ?? []);
    latents[5] = Number.NaN;
    await expect(read([sound('a'), { ...spoilt, features: { ...spoilt.features, latents } }])).rejects.toMatchObject({
      code: 'FEATURE_INVALID',
      problems: [{ where: 'b', found: `NaN at position 5 of ${FRAMES * CHANNELS}` }],
    });
  });

  it('of a clip that is not asked for may hold anything', async () => {
    const spoilt = { clip: clipOf('x'), features: { latents: new Float32Array(CHANNELS).fill(Number.NaN) } };
    const latents = await mappedShard(setup, 'latents', [sound('a'), spoilt]);
    expect([...(await readFeature(setup.context, latents, 'latents', [sound('a').clip])).keys()]).toEqual(['a']);
  });

  it.each(['latents', 'roll', 'video'])('%s at another rate than the others is refused', async (name) => {
    const clips = [piano('a')];
    const wrong = await mappedShard(setup, name, clips, { rowsPerSecond: 30 });
    const inputs = { ...(await stageInputs(setup, clips)), [name === 'roll' ? 'rolls' : name]: wrong };
    await expect(stageFiles(setup.context, inputs, 'train')).rejects.toMatchObject({
      code: 'FEATURE_INVALID',
      problems: [{ found: '30 rows a second', expected: name === 'video' ? '25 rows a second' : '75 rows a second' }],
    });
  });
});

describe('filmed clips', () => {
  it('are as long as their shortest view, with notes at the times of the pictures, and are read in parts', async () => {
    const filled = (count: number, value: number) =>
      Uint8Array.from({ length: count * HEIGHT * WIDTH }, (_, i) => value + Math.floor(i / (HEIGHT * WIDTH)));
    const clips = [piano('a', { front: filled(9, 10), top: filled(10, 20), roll: rollOf(20) }), piano('b'), sound('c')];
    const inputs = { ...(await stageInputs(setup, clips)), pictures: await mappedViews(setup, ['front', 'top'], clips) };
    const found = openFilmedClips(await filmedFiles(setup.context, inputs, 'train', ['front', 'top']));
    expect(found.map(({ id, frames }) => [id, frames])).toEqual([['a', 9]]);
    const [clip] = found;
    expect([clip?.pictures('front', 0, 1)[0], clip?.pictures('top', 3, 2)[HEIGHT * WIDTH]]).toEqual([10, 24]);
    expect(clip?.pictures('top', 3, 2)).toHaveLength(2 * HEIGHT * WIDTH);
    // The roll ends after 20 of its 27 rows.
    const whole = clip?.notes(0, 9);
    expect(Array.from({ length: 9 }, (_, frame) => whole?.velocities[frame * KEYS + 3 * frame])).toEqual([
      100, 100, 100, 100, 100, 100, 100, 0, 0,
    ]);
    expect([...(whole?.pedal ?? [])]).toEqual([0, 1, 0, 1, 0, 1, 0, 0, 0]);
    for (const [from, count] of [
      [0, 1],
      [2, 4],
      [6, 3],
      [8, 1],
    ] as const)
      expect(clip?.notes(from, count)).toEqual({
        velocities: whole?.velocities.slice(from * KEYS, (from + count) * KEYS),
        pedal: whole?.pedal.slice(from, from + count),
      });
    expect(() => clip?.pictures('left', 0, 1)).toThrowError(/clip a has no view left/);
  });
});
