import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { initialParameters } from '../../../../models/network/parameters.ts';
import { rollToMidiShapes } from '../../../../models/network/roll-to-midi/shapes.ts';
import type { Tf } from '../../../../models/network/tensor-types.ts';
import { steadyRolls } from '../../../../models/sampling/steady-rolls.ts';
import { TORCH_ADAM } from '../../../../models/training/optimiser.ts';
import { readRollModel } from '../../../../models/training/roll/model-files.ts';
import { type RollPair, rollWindows, type StoredRoll } from '../../../../models/training/roll-to-midi/dataset.ts';
import { readRollToMidiModel } from '../../../../models/training/roll-to-midi/model-files.ts';
import { type RollToMidiTraining, trainRollToMidi } from '../../../../models/training/roll-to-midi/train-roll-to-midi.ts';
import { uniform } from '../../../../numeric/random.ts';
import { testBackend } from '../../network/fixture.ts';
import { folderCheckpoints } from '../folder-checkpoints.ts';

let tf: Tf;
let root: string;
beforeAll(async () => {
  tf = await testBackend();
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'roll-to-midi-'));
});
afterEach(() => rm(root, { recursive: true }));

const [KEYS, FRAMES, WINDOW] = [8, 120, 20];
/** Held notes, and what a predictor makes of them: single frames missing, single frames too many. */
function flickering(id: string) {
  const draws = uniform({ seed: 8, purpose: id }, KEYS * FRAMES * 2);
  const played = new Float32Array(FRAMES * KEYS);
  for (let key = 0; key < KEYS; key++) {
    for (let frame = 0; frame < FRAMES; ) {
      const draw = draws[key * FRAMES + frame] ?? 0;
      const end = frame + 5 + (Math.floor(draw * 50) % 6);
      for (; frame < Math.min(end, FRAMES); frame++) if (draw < 0.3) played[frame * KEYS + key] = 1;
    }
  }
  const predicted = played.map((down, i) => {
    const draw = draws[played.length + i] ?? 0;
    const flips = draw < (down ? 0.15 : 0.04);
    return (flips ? 1 - down : down) * 0.7 + 0.15 + 0.1 * (draw - 0.5);
  });
  return { id, framesPerSecond: 25, predicted, played };
}
type Held = ReturnType<typeof flickering>;
const roll = (values: Float32Array, keys: number): StoredRoll => ({
  frames: values.length / keys,
  keys,
  read: (from, count) => values.subarray(from * keys, (from + count) * keys),
});
const pairOf = ({ id, framesPerSecond, predicted, played }: Held, keys = KEYS): RollPair => ({
  id,
  framesPerSecond,
  predicted: roll(predicted, keys),
  played: roll(played, keys),
});
const held = Array.from({ length: 24 }, (_, i) => flickering(`seen ${i}`));
const seen = held.map((one) => pairOf(one));
const unseen = Array.from({ length: 4 }, (_, i) => flickering(`held out ${i}`));
const heldOut = unseen.map((one) => pairOf(one));
const sizes = { keys: KEYS, frames: WINDOW, batch: 6, seed: 1 };

const run = (name: string, changed: Partial<RollToMidiTraining> = {}) =>
  trainRollToMidi({
    tf,
    network: { baseWidth: 4 },
    steps: 6,
    learning: { optimiser: TORCH_ADAM, schedule: () => 0.01 },
    seed: 1,
    dataset: rollWindows(seen, { ...sizes, order: 'shuffled' }),
    directory: join(root, name, 'model'),
    checkpoints: folderCheckpoints(join(root, name, 'checkpoints')),
    cadence: {},
    signal: new AbortController().signal,
    ...changed,
  });

describe('a roll corrector', () => {
  it('learns to take flicker out of rolls that it has not seen, in turn with its discriminator', async () => {
    const told = new Map<string, number[]>();
    const before = tf.memory().numTensors;
    await run('learns', {
      steps: 300,
      validation: { dataset: rollWindows(heldOut, { ...sizes, order: 'in turn' }), everySteps: 100 },
      metric: (name, _, value) => told.set(name, [...(told.get(name) ?? []), value]),
    });
    const first = (name: string) => told.get(name)?.[0] ?? Number.NaN;
    const last = (name: string) => told.get(name)?.at(-1) ?? Number.NaN;
    expect(last('error')).toBeLessThan(first('error') / 3);
    expect(last('validation loss')).toBeLessThan(first('validation loss'));
    expect(last('validation F1')).toBeGreaterThan(0.9);

    const { config, weights } = await readRollToMidiModel(join(root, 'learns/model'));
    expect(config).toMatchObject({ network: { baseWidth: 4 }, keys: KEYS, frames: WINDOW, steps: 300 });
    const left: number[] = [];
    for (const { predicted, played } of unseen) {
      const wrong = (found: ArrayLike<number> = []) => played.reduce((sum, down, i) => sum + Number(down !== found[i]), 0) / played.length;
      const sounding = predicted.map((value) => Number(value >= 0.5));
      expect(wrong(sounding)).toBeGreaterThan(0.05);
      left.push(wrong(steadyRolls(tf, config, weights, [predicted])[0]) / wrong(sounding));
      // A roll that no number of windows fills ends with a whole one; one that is shorter is corrected, too.
      const cut = predicted.subarray(0, 47 * KEYS);
      const [part, short] = steadyRolls(tf, config, weights, [cut, predicted.subarray(0, 9 * KEYS)]);
      expect(part).toHaveLength(47 * KEYS);
      expect(short).toHaveLength(9 * KEYS);
      expect(wrong(sounding.subarray(0, cut.length))).toBeGreaterThan(wrong(part));
      expect(() => steadyRolls(tf, config, weights, [predicted.subarray(3)])).toThrow(expect.objectContaining({ code: 'NETWORK_INPUT' }));
    }
    expect(left.reduce((sum, share) => sum + share) / left.length).toBeLessThan(1 / 2);
    expect(tf.memory().numTensors).toBe(before);
  }, 120_000);

  it('moves all weights of both networks', async () => {
    const { weights } = await run('moves');
    const shapes = rollToMidiShapes({ baseWidth: 4 });
    const still = [...initialParameters(shapes, 1)].filter(([name, { data }]) =>
      data.every((value, i) => value === weights.get(name)?.data[i]),
    );
    expect(still.map(([name]) => name)).toEqual([]);
  });

  it('resumed in the middle ends with the same bytes, with the moments of both optimisers', async () => {
    await run('whole');
    await run('cut', { steps: 3 });
    expect((await run('cut')).resumedFrom).toBe(3);
    const file = (name: string) => readFile(join(root, name), 'base64');
    for (const part of ['model/model.safetensors', 'checkpoints/6/adam.safetensors'])
      expect(await file(`cut/${part}`)).toBe(await file(`whole/${part}`));
    expect((await file('cut/checkpoints/6/adam.safetensors')).length).toBeGreaterThan((await file('cut/model/model.safetensors')).length);
  });

  it('with a NaN in its rolls ends with a clear failure', async () => {
    const spoiled = held.map((one) => pairOf({ ...one, predicted: one.predicted.map(() => Number.NaN) }));
    const dataset = rollWindows(spoiled, { ...sizes, order: 'shuffled' });
    await expect(run('spoiled', { dataset, steps: 9 })).rejects.toMatchObject({ code: 'TRAINING_DIVERGED' });
  });

  it('is not read as a model of another kind', async () => {
    await run('kind', { steps: 1 });
    await expect(readRollModel(join(root, 'kind/model'))).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});

describe('windows of rolls', () => {
  it('begin half a window apart, come once an epoch, and show the same stretch of both rolls', () => {
    const dataset = rollWindows(
      held.slice(0, 2).map((one) => pairOf({ ...one, predicted: one.played })),
      { ...sizes, batch: 11, order: 'shuffled' },
    );
    expect(dataset.windows).toBe(2 * 11);
    const [one, two] = [dataset.batchAt(0), dataset.batchAt(1)];
    expect(one.roll).toEqual(one.target);
    const area = KEYS * WINDOW;
    const windows = [one, two].flatMap(({ roll }) => Array.from({ length: 11 }, (_, i) => String(roll.subarray(i * area, (i + 1) * area))));
    expect(new Set(windows).size).toBe(22);
    expect(dataset.batchAt(0)).toEqual(one);
  });
  it('turn frames into columns, and are silent behind a short clip', () => {
    const values = Float32Array.of(1, 0, 2, 0, 3, 0);
    const clip = { id: 'short', framesPerSecond: 25, predicted: values, played: values };
    const dataset = rollWindows([pairOf(clip, 2)], { keys: 2, frames: 4, batch: 1, seed: 1, order: 'in turn' });
    expect([...dataset.batchAt(0).roll]).toEqual([1, 2, 3, 0, 0, 0, 0, 0]);
  });
  it.each([
    ['another rate', { framesPerSecond: 75 }, '75 a second'],
    ['another width', { predicted: roll(new Float32Array(9 * FRAMES), 9) }, '120 predicted frames of 9 keys'],
    [
      'another length than what was played',
      { predicted: roll(new Float32Array(KEYS * 40), KEYS) },
      '40 predicted frames of 8 keys and 120 played',
    ],
  ])('are refused at %s, by the clip’s name', (_, change, found) => {
    const wrong = () =>
      rollWindows([pairOf(flickering('right')), { ...pairOf(flickering('wrong')), ...change }], { ...sizes, order: 'shuffled' });
    expect(wrong).toThrow(expect.objectContaining({ code: 'FEATURE_INVALID' }));
    expect(wrong).toThrow('the clip wrong');
    expect(wrong).toThrow(found);
  });
  it('need a clip', () => {
    expect(() => rollWindows([], { ...sizes, order: 'in turn' })).toThrow(expect.objectContaining({ code: 'NO_TRAINING_DATA' }));
  });
});
