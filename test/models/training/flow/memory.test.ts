import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findNativePackages } from '../../../../models/backend/native.ts';
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

const native = findNativePackages().length > 0;

describe.runIf(native)('a training with products in bfloat16', () => {
  it('keeps close to the one in float32 over 200 steps, with weights that are no bfloat16 numbers', async () => {
    const curve = async (name: string, precision: 'f32' | 'bf16') => {
      const losses: number[] = [];
      const { weights } = await run(name, { precision, steps: 200 }, { metric: (what, _, value) => what === 'loss' && losses.push(value) });
      return { losses, weights };
    };
    const [exact, rounded] = [await curve('f32', 'f32'), await curve('bf16', 'bf16')];
    expect(rounded.losses).toHaveLength(exact.losses.length);
    rounded.losses.forEach((loss, i) => {
      expect(Math.abs(loss - (exact.losses[i] ?? Number.NaN))).toBeLessThan(0.05);
    });
    expect(rounded.losses).not.toEqual(exact.losses);
    const bits = new Uint32Array(Float32Array.from(rounded.weights.get('to_pred.weight')?.data ?? []).buffer);
    expect(bits.some((value) => (value & 0xffff) !== 0)).toBe(true);
  });

  it('goes on from a checkpoint to the same bytes, and says so when the checkpoint was made in the other precision', async () => {
    const whole = await run('whole', { precision: 'bf16' });
    await run('halves', { precision: 'bf16', steps: 4 });
    await run('other', { precision: 'f32', steps: 4 });
    const resumed = await run('halves', { precision: 'bf16' });
    expect(resumed.resumedFrom).toBe(4);
    expect(resumed.weights).toEqual(whole.weights);
    const warnings: string[] = [];
    await run('other', { precision: 'bf16' }, { warn: (message) => warnings.push(message) });
    expect(warnings).toEqual(['The training goes on with another precision (bf16 after f32): its last bits may differ.']);
  });
});
