import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import { train } from '../../../models/training/loop.ts';
import { TORCH_ADAM } from '../../../models/training/optimiser.ts';
import type { Batch } from '../../../models/training/phase.ts';
import { normal } from '../../../numeric/random.ts';
import { relativeDifference, testBackend } from '../network/fixture.ts';
import { folderCheckpoints } from './folder-checkpoints.ts';

let tf: Tf;
let root: string;
beforeAll(async () => {
  tf = await testBackend();
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'accumulate-'));
});
afterEach(() => rm(root, { recursive: true }));

const [INPUTS, OUTPUTS] = [5, 3];
const row = (purpose: string, width: number, index: number) => normal({ seed: 1, purpose, step: index }, width);

/** A regression on the rows 0, 1, 2, … in batches of `rows`; its loss is a mean over the batch. */
const run = (folder: string, steps: number, rows: number, accumulate?: number) =>
  train<Batch & { x: Tensor; y: Tensor }>({
    tf,
    shapes: new Map([['weight', { shape: [OUTPUTS, INPUTS] }]]),
    begin: () => new Map([['weight', { shape: [OUTPUTS, INPUTS], data: normal({ seed: 1, purpose: 'weight' }, OUTPUTS * INPUTS) }]]),
    phases: [
      {
        trainable: ['weight'],
        objective: (weights, { x, y }) => {
          const prediction = tf.tanh(tf.matMul(x, weights.get('weight') as Tensor, false, true));
          return { loss: tf.mean(tf.square(tf.sub(prediction, y))) };
        },
        optimiser: { ...TORCH_ADAM, clipNorm: 0.2 },
        schedule: () => 0.02,
      },
    ],
    data: (index) => {
      const stacked = (purpose: string, width: number) =>
        tf.tensor2d(
          Array.from({ length: rows }, (_, i) => [...row(purpose, width, index * rows + i)]),
          [rows, width],
        );
      return { x: stacked('x', INPUTS), y: stacked('y', OUTPUTS) };
    },
    ...(accumulate !== undefined && { accumulate }),
    ema: { kind: 'constant', decay: 0.9 },
    steps,
    seed: 1,
    checkpoints: folderCheckpoints(join(root, folder)),
    cadence: {},
    signal: new AbortController().signal,
  });
const weightOf = ({ weights }: Awaited<ReturnType<typeof run>>) => weights.get('weight') ?? { shape: [], data: new Float32Array() };
const tensorOf = (trained: Awaited<ReturnType<typeof run>>) => {
  const { shape, data } = weightOf(trained);
  return tf.tensor(data, [...shape]);
};

describe('gradients averaged over several batches', () => {
  it.each([2, 3, 4])('of %i are those of one batch with all their rows', async (parts) => {
    const whole = weightOf(await run('whole', 15, 12));
    expect(relativeDifference(tensorOf(await run('parts', 15, 12 / parts, parts)), whole)).toBeLessThan(1e-6);
  });

  it('are not those of a small batch', async () => {
    const small = weightOf(await run('small', 15, 4));
    expect(relativeDifference(tensorOf(await run('parts', 15, 4, 3)), small)).toBeGreaterThan(1e-2);
  });

  it('go on from a checkpoint to the same bytes', async () => {
    const bytes = (folder: string) =>
      Promise.all(['weights', 'adam', 'ema'].map((file) => readFile(join(root, folder, '8', `${file}.safetensors`), 'base64')));
    await run('whole', 8, 4, 3);
    await run('halves', 3, 4, 3);
    const { resumedFrom } = await run('halves', 8, 4, 3);
    expect(resumedFrom).toBe(3);
    expect(await bytes('halves')).toEqual(await bytes('whole'));
  });
});
