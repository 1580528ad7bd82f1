import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BackendName, loadBackend } from '../../../models/backend/index.ts';
import { findNativePackages } from '../../../models/backend/native.ts';
import { codecLearningRate, trainCodec } from '../../../models/codec/train.ts';
import { plainCheckpoints, TINY_CONFIG, TINY_RECIPE, tone } from './tiny.ts';

const fastest: BackendName = findNativePackages().length > 0 ? 'tensorflow' : 'wasm';
const wave = tone(100, TINY_RECIPE.cropSamples, TINY_CONFIG.sampling_rate);
const batch = Float32Array.from([...wave, ...wave]);
/** Another wave every step, so that a wrong step number shows. */
const moving = (step: number): Float32Array => batch.map((value) => value * (1 - 0.05 * step));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'codec-'));
});
afterEach(() => rm(directory, { recursive: true }));
const none = { latest: async () => undefined, save: async () => {} };

test('a tiny codec learns one clip by heart, and nothing without a learning rate', async () => {
  const { tf } = await loadBackend(fastest);
  const train = async (learningRate: number): Promise<number[]> => {
    const decibels: number[] = [];
    const recipe = { ...TINY_RECIPE, learningRate, steps: 60, decaySteps: 20, latentNoise: 0.02 };
    await trainCodec({
      tf,
      config: TINY_CONFIG,
      recipe,
      data: () => batch,
      checkpoints: none,
      progress: ({ decibel }) => decibels.push(decibel),
    });
    return decibels;
  };
  const [first = 0, , last = 0] = await train(TINY_RECIPE.learningRate);
  expect(last).toBeLessThan(first - 2);
  expect(last).toBeLessThan(-13);
  for (const decibel of await train(0)) expect(decibel).toBeGreaterThan(-3);
});

test('a step leaves no tensor behind', async () => {
  const { tf } = await loadBackend(fastest);
  const run = async (steps: number): Promise<number> => {
    const before = tf.memory().numTensors;
    await trainCodec({ tf, config: TINY_CONFIG, recipe: { ...TINY_RECIPE, steps }, data: () => batch, checkpoints: none });
    return tf.memory().numTensors - before;
  };
  expect(await run(4)).toBe(await run(2));
});

describe('an interrupted training', () => {
  const train = async (options: {
    checkpoints: ReturnType<typeof plainCheckpoints>;
    steps?: number;
    signal?: AbortSignal;
    data?: (step: number) => Float32Array;
  }) => {
    const { tf } = await loadBackend(fastest);
    const { steps = TINY_RECIPE.steps, ...rest } = options;
    return trainCodec({ tf, config: TINY_CONFIG, recipe: { ...TINY_RECIPE, steps }, data: moving, ...rest });
  };

  test('ends with the same bits as an undisturbed one', async () => {
    const whole = await train({ checkpoints: plainCheckpoints(join(directory, 'whole')) });
    const checkpoints = plainCheckpoints(join(directory, 'halves'));
    const killed = (step: number) => {
      if (step === 6) throw new Error('killed');
      return moving(step);
    };
    await expect(train({ checkpoints, data: killed })).rejects.toThrow('killed');
    expect(checkpoints.saved.map(({ step }) => step)).toEqual([4]);
    const resumed = await train({ checkpoints });
    expect(Buffer.from(resumed.buffer).equals(Buffer.from(whole.buffer))).toBe(true);
    const other = await train({ checkpoints: plainCheckpoints(join(directory, 'other')), data: (step) => moving(step + 1) });
    expect(Buffer.from(other.buffer).equals(Buffer.from(whole.buffer))).toBe(false);
  });

  test('saves where it was asked to stop, and says why it stopped', async () => {
    const checkpoints = plainCheckpoints(directory);
    const stop = new AbortController();
    const reason = new Error('worker stops');
    const data = (step: number) => {
      if (step === 2) stop.abort(reason);
      return moving(step);
    };
    await expect(train({ checkpoints, signal: stop.signal, data })).rejects.toBe(reason);
    expect(checkpoints.saved.map(({ step }) => step)).toEqual([3]);
  });
});

test('a loss that is no number ends the training before it reaches the weights', async () => {
  const { tf } = await loadBackend(fastest);
  const checkpoints = plainCheckpoints(directory);
  const data = (step: number) => (step === 5 ? batch.map(() => Number.NaN) : batch);
  await expect(trainCodec({ tf, config: TINY_CONFIG, recipe: TINY_RECIPE, data, checkpoints })).rejects.toThrow(/diverged[\s\S]*step 5/);
  expect(checkpoints.saved.map(({ step }) => step)).toEqual([4]);
});

test('wasm and cpu train to the same weights within rounding', async () => {
  const results: Float32Array[] = [];
  for (const name of ['wasm', 'cpu'] as const) {
    const { tf } = await loadBackend(name);
    const recipe = { ...TINY_RECIPE, steps: 3, cropSamples: 160 };
    results.push(await trainCodec({ tf, config: TINY_CONFIG, recipe, data: () => batch.slice(0, 320), checkpoints: none }));
  }
  const [wasm = new Float32Array(), cpu = new Float32Array()] = results;
  const error = wasm.reduce((sum, value, i) => sum + Math.abs(value - (cpu[i] ?? 0)), 0) / wasm.length;
  expect(error).toBeLessThan(1e-5);
});

test('the learning rate rises, stays and falls to zero', () => {
  const recipe = { ...TINY_RECIPE, steps: 100, warmUpSteps: 10, decaySteps: 20, learningRate: 1 };
  expect(codecLearningRate(recipe, 0)).toBeCloseTo(0.1);
  expect(codecLearningRate(recipe, 50)).toBe(1);
  expect(codecLearningRate(recipe, 90)).toBeCloseTo(0.5);
  expect(codecLearningRate(recipe, 99)).toBeLessThan(0.01);
});
