import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RollPredictorConfig } from '../../../../models/network/roll-predictor/config.ts';
import type { Tf } from '../../../../models/network/tensor-types.ts';
import { predictRolls } from '../../../../models/sampling/predict-rolls.ts';
import { TORCH_ADAM } from '../../../../models/training/optimiser.ts';
import { type FilmedClip, rollDataset } from '../../../../models/training/roll/dataset.ts';
import { readRollModel } from '../../../../models/training/roll/model-files.ts';
import { type RollTraining, trainRoll } from '../../../../models/training/roll/train-roll.ts';
import { uniform } from '../../../../numeric/random.ts';
import { testBackend } from '../../network/fixture.ts';
import { folderCheckpoints } from '../folder-checkpoints.ts';

let tf: Tf;
let root: string;
beforeAll(async () => {
  tf = await testBackend();
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'roll-'));
});
afterEach(() => rm(root, { recursive: true }));

const [HEIGHT, WIDTH, FRAMES] = [3, 35, 40];
const predictor: RollPredictorConfig = {
  views: ['front', 'pedal'],
  window: 5,
  height: HEIGHT,
  width: WIDTH,
  baseWidth: 4,
  keys: 51,
  target: 'velocity',
  sustain: true,
};
/** One key, down where the front is dark on the left; the pedal's own view is bright while it is down. */
function clip(id: string): FilmedClip {
  const draws = uniform({ seed: 1, purpose: id }, 2 * FRAMES);
  const area = HEIGHT * WIDTH;
  const [front, pedalView] = [new Uint8Array(FRAMES * area).fill(200), new Uint8Array(FRAMES * area).fill(20)];
  const [velocities, pedal] = [new Uint8Array(FRAMES * 88), new Uint8Array(FRAMES)];
  for (let frame = 0; frame < FRAMES; frame++) {
    if ((draws[frame] ?? 0) < 0.5) {
      velocities[frame * 88 + 40] = 100;
      for (let row = 0; row < HEIGHT; row++) front.fill(0, frame * area + row * WIDTH, frame * area + row * WIDTH + WIDTH / 2);
    }
    if ((draws[FRAMES + frame] ?? 0) < 0.5) {
      pedal[frame] = 1;
      pedalView.fill(240, frame * area, (frame + 1) * area);
    }
  }
  const views: Readonly<Record<string, Uint8Array>> = { front, pedal: pedalView };
  return {
    id,
    frames: FRAMES,
    pictures: (view, from, count) => views[view]?.subarray(from * area, (from + count) * area) ?? new Uint8Array(0),
    notes: (from, count) => ({
      velocities: velocities.subarray(from * 88, (from + count) * 88),
      pedal: pedal.subarray(from, from + count),
    }),
  };
}
const [seen, heldOut] = [[clip('a'), clip('b')], [clip('c')]];

const run = (name: string, changed: Partial<RollTraining> = {}, config = predictor) =>
  trainRoll({
    tf,
    predictor: config,
    loss: 'code',
    steps: 60,
    optimiser: TORCH_ADAM,
    schedule: { base: 1e-2, warmUpSteps: 2, shape: 'constant' },
    seed: 3,
    dataset: rollDataset(config, seen, { batch: 16, seed: 3, order: 'balanced' }),
    directory: join(root, name, 'model'),
    checkpoints: folderCheckpoints(join(root, name, 'checkpoints')),
    cadence: {},
    signal: new AbortController().signal,
    ...changed,
  });

describe('a roll predictor with the pedal', () => {
  it('learns to see it in its view, tells how often it is right on what it did not see, and says it in the last column', async () => {
    const told = new Map<string, number>();
    const dataset = rollDataset(predictor, heldOut, { batch: 8, seed: 3, order: 'even' });
    const checkpoints = folderCheckpoints(join(root, 'learns', 'checkpoints'));
    await run('learns', { checkpoints, validation: { dataset, everySteps: 60 }, metric: (name, _, value) => told.set(name, value) });
    expect([...checkpoints.scores]).toEqual([[60, -(told.get('validation loss') ?? Number.NaN)]]);
    expect(told.get('validation pedal accuracy')).toBeGreaterThan(0.9);

    const { weights } = await readRollModel(join(root, 'learns/model'));
    const [roll] = predictRolls(
      tf,
      predictor,
      weights,
      heldOut.map((one) => ({ ...one, latents: 3 * FRAMES })),
    );
    const right = Array.from(
      { length: 3 * FRAMES },
      (_, row) => Number((roll?.[row * 52 + 51] ?? 0) > 0.5) === heldOut[0]?.notes(Math.floor(row / 3), 1).pedal[0],
    );
    expect(right.filter(Boolean).length).toBeGreaterThan(0.9 * right.length);
  });

  it('cannot tell it without that view', async () => {
    const blind = { ...predictor, views: ['front'] };
    const told = new Map<string, number>();
    const dataset = rollDataset(blind, heldOut, { batch: 8, seed: 3, order: 'even' });
    await run('blind', { validation: { dataset, everySteps: 60 }, metric: (name, _, value) => told.set(name, value) }, blind);
    expect(told.get('validation pedal accuracy')).toBeLessThan(0.8);
  });

  it('without any clip is refused, with what a clip needs', () => {
    expect(() => rollDataset(predictor, [], { batch: 8, seed: 3, order: 'balanced' })).toThrowError(
      expect.objectContaining({
        code: 'NO_TRAINING_DATA',
        problems: [expect.objectContaining({ expected: expect.stringContaining('MIDI') })],
      }),
    );
  });

  it('resumed in the middle ends with the same bytes', async () => {
    await run('whole', { steps: 6 });
    await run('cut', { steps: 3 });
    expect((await run('cut', { steps: 6 })).resumedFrom).toBe(3);
    const file = (name: string) => readFile(join(root, name, 'model/model.safetensors'), 'base64');
    expect(await file('cut')).toBe(await file('whole'));
  });
});
