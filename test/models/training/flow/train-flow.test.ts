import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Tf } from '../../../../models/network/tensor-types.ts';
import { sampleClips } from '../../../../models/sampling/sample-clips.ts';
import { clipDataset } from '../../../../models/training/flow/dataset.ts';
import { readFlowModel } from '../../../../models/training/flow/model-files.ts';
import { FLOW_PRESETS, type FlowSettings } from '../../../../models/training/flow/settings.ts';
import { timeBins } from '../../../../models/training/flow/time-bins.ts';
import { type FlowTraining, trainFlow } from '../../../../models/training/flow/train-flow.ts';
import { denormalise, type LatentClip, latentStatistics, normalise } from '../../../../models/training/latents.ts';
import { normal } from '../../../../numeric/random.ts';
import { testBackend } from '../../network/fixture.ts';
import { folderCheckpoints } from '../folder-checkpoints.ts';

let tf: Tf;
let root: string;
beforeAll(async () => {
  tf = await testBackend();
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flow-'));
});
afterEach(() => rm(root, { recursive: true }));

const CHANNELS = 3;
const TEXT = 8;
/** Two kinds of clip, told apart by their text: the first high, the second low, each around its own level. */
const clips: LatentClip[] = Array.from({ length: 8 }, (_, i) => {
  const [kind, frames] = [i % 2, 20 + i];
  const noise = normal({ seed: 1, purpose: 'clip', sample: i }, frames * CHANNELS);
  return {
    latents: noise.map((value) => 20 + (kind === 0 ? 6 : -6) + 0.3 * value),
    frames,
    text: normal({ seed: 1, purpose: 'text', sample: kind }, (2 + kind) * TEXT),
    tokens: 2 + kind,
  };
});
const statistics = latentStatistics(clips, CHANNELS);
const settings = (steps: number): FlowSettings => ({ ...FLOW_PRESETS.tiny, frames: 20, steps });
const dataset = clipDataset(clips, { clips: 4 }, { frames: 20, channels: CHANNELS, textWidth: TEXT, seed: 5 });

const training = (name: string, steps: number, more: Partial<FlowTraining> = {}): FlowTraining => ({
  tf,
  settings: settings(steps),
  stage: { train: ['audio'] },
  seed: 5,
  dataset,
  statistics,
  directory: join(root, name, 'model'),
  checkpoints: folderCheckpoints(join(root, name, 'checkpoints')),
  cadence: {},
  signal: new AbortController().signal,
  ...more,
});

describe('text → audio training', () => {
  it('lowers the validation loss, and captions steer what is sampled', async () => {
    const metrics: [string, number, number][] = [];
    const validation = {
      dataset: clipDataset(clips, { clips: 4 }, { frames: 20, channels: CHANNELS, textWidth: TEXT, seed: 9, fixedCrop: true }),
      everySteps: 40,
    };
    const before = tf.memory().numTensors;
    const checkpoints = folderCheckpoints(join(root, 'a', 'checkpoints'));
    const watched = { checkpoints, cadence: { steps: 30 }, metric: (...point: [string, number, number]) => metrics.push(point) };
    const trained = await trainFlow(training('a', 120, { validation, ...watched }));
    expect(tf.memory().numTensors).toBe(before);
    const losses = metrics.filter(([name]) => name === 'validation loss').map(([, , value]) => value);
    expect(losses.length).toBe(3);
    expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] ?? 0));
    expect(trained.validationLoss).toBe(losses.at(-1));
    expect([...checkpoints.scores]).toEqual([[120, -(losses.at(-1) ?? 0)]]); // saved at 30, 60, 90 and 120, measured at 40, 80 and 120
    expect(new Set(metrics.filter(([name]) => name.startsWith('loss at t')).map(([name]) => name)).size).toBeGreaterThanOrEqual(6);

    const request = { frames: 20, steps: 12, guidance: { strength: 1, convention: 'added' as const }, seed: 4 };
    const kinds = clips.slice(0, 2).map(({ text, tokens }) => ({ text, tokens }));
    const [high, low] = await sampleClips(tf, join(root, 'a', 'model'), { clips: kinds, ...request });
    const mean = (values: Float32Array = new Float32Array()) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(high).toHaveLength(20 * CHANNELS);
    expect(mean(high)).toBeGreaterThan(mean(low) + 4);
    const again = await sampleClips(tf, join(root, 'a', 'model'), { clips: kinds, ...request });
    expect(again).toEqual([high, low]);
    expect(tf.memory().numTensors).toBe(before);
    await expect(sampleClips(tf, join(root, 'a', 'model'), { ...request, clips: kinds, frames: 100_000 })).rejects.toThrow(/at most 256/);
  });

  it('writes a model that stands alone: sizes, weights, average and latent statistics', async () => {
    await trainFlow(training('b', 6));
    const directory = join(root, 'b', 'model');
    const [model, last] = [await readFlowModel(directory), await readFlowModel(directory, 'last')];
    expect(model.statistics).toEqual(statistics);
    expect(model.config).toMatchObject({ kind: 'flow', averaged: true, steps: 6, seed: 5 });
    expect(model.weights.get('proj_in.weight')).not.toEqual(last.weights.get('proj_in.weight'));
    expect(model.weights.get('transformer.time_cond_mlp.0.weights')).toEqual(last.weights.get('transformer.time_cond_mlp.0.weights'));
  });

  it('resumed in the middle gives the same file', async () => {
    await trainFlow(training('whole', 12));
    const controller = new AbortController();
    const cut = training('cut', 12, {
      signal: controller.signal,
      progress: ({ step }) => step === 5 && controller.abort(new Error('stop')),
    });
    await expect(trainFlow(cut)).rejects.toThrow('stop');
    const { resumedFrom } = await trainFlow(training('cut', 12));
    expect(resumedFrom).toBe(5);
    const file = (name: string) => readFile(join(root, name, 'model', 'model.safetensors'), 'base64');
    expect(await file('cut')).toEqual(await file('whole'));
  });
});

describe('latents', () => {
  it('are brought to mean 0 and deviation 1 a channel, and back', () => {
    const first = clips[0]?.latents ?? new Float32Array();
    const there = normalise(first, statistics);
    denormalise(there, statistics).forEach((value, i) => {
      expect(value).toBeCloseTo(first[i] ?? 0, 4);
    });
    const all = latentStatistics(
      clips.map((clip) => ({ ...clip, latents: normalise(clip.latents, statistics) })),
      CHANNELS,
    );
    for (const mean of all.mean) expect(Math.abs(mean)).toBeLessThan(1e-4);
    for (const deviation of all.deviation) expect(Math.abs(deviation - 1)).toBeLessThan(1e-4);
  });
  it('come in batches that depend on the step alone; every clip comes once an epoch; short ones are masked', () => {
    const long = clipDataset(clips, { clips: 4 }, { frames: 24, channels: CHANNELS, textWidth: TEXT, seed: 5 });
    expect(long.batchAt(7)).toEqual(
      clipDataset(clips, { clips: 4 }, { frames: 24, channels: CHANNELS, textWidth: TEXT, seed: 5 }).batchAt(7),
    );
    const epoch = [0, 1].flatMap((step) => {
      const { mask } = long.batchAt(step) as { mask: Float32Array };
      return [0, 1, 2, 3].map((i) => mask.subarray(i * 24, (i + 1) * 24).reduce((sum, value) => sum + value, 0));
    });
    expect(epoch.sort()).toEqual([20, 21, 22, 23, 24, 24, 24, 24]);
  });
  it('with a NaN are refused where the statistics are taken', () => {
    const spoiled = { ...clips[0], latents: Float32Array.of(1, Number.NaN, 2), frames: 1, text: new Float32Array(), tokens: 0 };
    expect(() => latentStatistics([spoiled], CHANNELS)).toThrow(/NaN/);
  });
});

it('a training that does not fit into this machine is refused before its first step', async () => {
  const enormous = { ...settings(1), batch: 1e9 };
  await expect(trainFlow(training('enormous', 1, { settings: enormous }))).rejects.toMatchObject({ code: 'MEMORY' });
});

it('losses are told apart by eighths of time', () => {
  const bins = timeBins();
  bins.add([0.01, 0.99, 1], [2, 4, 6]);
  expect(bins.take()).toEqual([2, undefined, undefined, undefined, undefined, undefined, undefined, 5]);
  expect(bins.take().every((mean) => mean === undefined)).toBe(true);
});
