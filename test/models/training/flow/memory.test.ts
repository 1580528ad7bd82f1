import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Tf } from '../../../../models/network/tensor-types.ts';
import { FLOW_PRESETS, type FlowSettings } from '../../../../models/training/flow/settings.ts';
import { type FlowTraining, trainFlow } from '../../../../models/training/flow/train-flow.ts';
import type { FlowDataset } from '../../../../models/training/latents.ts';
import { normal } from '../../../../numeric/random.ts';
import { relativeDifference, testBackend } from '../../network/fixture.ts';
import { folderCheckpoints } from '../folder-checkpoints.ts';

let tf: Tf;
let root: string;
beforeAll(async () => {
  tf = await testBackend();
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'memory-'));
});
afterEach(() => rm(root, { recursive: true }));

const stream = { width: 8, heads: 2, headWidth: 4 };
const dataset: FlowDataset = {
  batch: 2,
  frames: 12,
  channels: 3,
  textTokens: 2,
  textWidth: 8,
  batchAt: (step) => {
    const draw = (purpose: string, count: number) => normal({ seed: 1, purpose, step }, count);
    return {
      latents: draw('latents', 2 * 12 * 3),
      text: draw('text', 2 * 2 * 8),
      textMask: new Float32Array(2 * 2).fill(1),
      video: draw('video', 2 * 12 * 8),
      hasVideo: [true, true],
      roll: draw('roll', 2 * 12 * 5),
    };
  },
};
const settings: FlowSettings = {
  ...FLOW_PRESETS.tiny,
  network: { ...FLOW_PRESETS.tiny.network, registers: 2, positions: 16, audio: stream, video: stream, extra: { ...stream, keys: 5 } },
  batch: 2,
  frames: 12,
  steps: 10,
};
const run = (name: string, changed: Partial<FlowSettings>, more: Partial<FlowTraining> = {}) =>
  trainFlow({
    tf,
    settings: { ...settings, ...changed },
    stage: { train: ['audio', 'video', 'extra', 'maps'] },
    seed: 5,
    dataset,
    statistics: { mean: new Float32Array(3), deviation: new Float32Array(3).fill(1) },
    directory: join(root, name, 'model'),
    checkpoints: folderCheckpoints(join(root, name, 'checkpoints')),
    cadence: {},
    signal: new AbortController().signal,
    ...more,
  });

describe('a training of 500 steps', () => {
  it('has as many tensors after every step, and the process does not grow', async () => {
    const tensors: number[] = [];
    const resident: number[] = [];
    const progress = () => {
      tensors.push(tf.memory().numTensors);
      resident.push(process.memoryUsage.rss());
    };
    await run('long', { steps: 500 }, { progress, cadence: { steps: 50 } });
    expect(tensors).toHaveLength(500);
    expect(new Set(tensors.slice(1)).size).toBe(1);
    const most = (from: number, to: number) => Math.max(...resident.slice(from, to));
    expect(most(400, 500)).toBeLessThan(1.3 * most(0, 100));
  });
});

describe('a training with little memory', () => {
  it('ends with the same weights but for rounding', async () => {
    const [usual, low] = [await run('usual', {}), await run('low', { memory: 'low' })];
    for (const [name, { shape, data }] of usual.weights)
      expect(relativeDifference(tf.tensor(low.weights.get(name)?.data ?? [], [...shape]), { shape, data }), name).toBeLessThan(1e-5);
  });

  it('goes on from a checkpoint to the same bytes', async () => {
    const whole = await run('whole', { memory: 'low' });
    await run('halves', { memory: 'low', steps: 4 });
    const resumed = await run('halves', { memory: 'low' });
    expect(resumed.resumedFrom).toBe(4);
    expect(resumed.weights).toEqual(whole.weights);
  });
});
