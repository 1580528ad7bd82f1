import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listCheckpoints, openCheckpoints } from '../../../engine/checkpoints/checkpoints.ts';
import { sha256 } from '../../../engine/keys/keys.ts';
import { openStore } from '../../../engine/store/store.ts';
import type { NamedArray } from '../../../models/network/parameters.ts';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import { layoutOf } from '../../../models/training/flat.ts';
import { type Trained, type TrainingOptions, train } from '../../../models/training/loop.ts';
import { TORCH_ADAM } from '../../../models/training/optimiser.ts';
import type { Batch } from '../../../models/training/phase.ts';
import { readState } from '../../../models/training/state.ts';
import { normal } from '../../../numeric/random.ts';
import { testBackend } from '../network/fixture.ts';
import { folderCheckpoints } from './folder-checkpoints.ts';

let tf: Tf;
let root: string;
beforeAll(async () => {
  tf = await testBackend();
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'loop-'));
});
afterEach(() => rm(root, { recursive: true }));

const WEIGHTS = new Map<string, NamedArray>([
  ['first', { shape: [6, 5], data: normal({ seed: 1, purpose: 'first' }, 30) }],
  ['second', { shape: [3, 6], data: normal({ seed: 1, purpose: 'second' }, 18) }],
  ['frozen', { shape: [3], data: Float32Array.of(1, 2, 3) }],
]);

type Small = Batch & { x: Tensor; y: Tensor };
interface Run {
  steps: number;
  folder?: string;
  cadence?: TrainingOptions<Small>['cadence'];
  signal?: AbortSignal;
  spoil?: (step: number) => boolean;
  onProgress?: TrainingOptions<Small>['progress'];
  warn?: (message: string) => void;
  seed?: number;
  checkpoints?: TrainingOptions<Small>['checkpoints'];
  validation?: TrainingOptions<Small>['validation'];
}

/** A two-layer regression. Every call makes new parameters, so a second call on the same folder is what a new process would do. */
async function run({
  steps,
  folder = 'a',
  cadence = {},
  signal = new AbortController().signal,
  spoil,
  onProgress,
  warn,
  seed = 3,
  checkpoints = folderCheckpoints(join(root, folder)),
  validation,
}: Run): Promise<Trained> {
  return train<Small>({
    tf,
    shapes: WEIGHTS,
    begin: () => WEIGHTS,
    phases: [
      {
        trainable: ['first', 'second'],
        objective: (weights, { x, y }) => {
          const get = (name: string) => weights.get(name) as Tensor;
          const hidden = tf.tanh(tf.matMul(x, get('first'), false, true));
          const prediction = tf.add(tf.matMul(hidden, get('second'), false, true), get('frozen'));
          return { loss: tf.mean(tf.square(tf.sub(prediction, y))) };
        },
        optimiser: { ...TORCH_ADAM, clipNorm: 1 },
        schedule: () => 0.01,
      },
    ],
    data: (step) => {
      const x = normal({ seed, purpose: 'x', step }, 40);
      if (spoil?.(step)) x[3] = Number.NaN;
      return { x: tf.tensor2d(x, [8, 5]), y: tf.tensor2d(normal({ seed, purpose: 'y', step }, 24), [8, 3]) };
    },
    ema: { kind: 'power', gamma: 6.937 },
    steps,
    seed,
    checkpoints,
    cadence,
    signal,
    ...(validation && { validation }),
    ...(onProgress && { progress: onProgress }),
    ...(warn && { warn }),
  });
}

const files = ['weights.safetensors', 'adam.safetensors', 'ema.safetensors'];
/** In hexadecimal, whose difference is shown at once. */
const bytes = async (folder: string, step: number) =>
  Promise.all(files.map(async (file) => (await readFile(join(root, folder, String(step), file))).toString('hex')));

describe('a training that is stopped and resumed', () => {
  it('ends with the same bytes of weights, moments and average as one that was not', async () => {
    const whole = await run({ steps: 20, folder: 'whole' });
    await run({ steps: 10, folder: 'halves' });
    const resumed = await run({ steps: 20, folder: 'halves' });
    expect(resumed.resumedFrom).toBe(10);
    expect(await bytes('halves', 20)).toEqual(await bytes('whole', 20));
    expect(resumed.weights).toEqual(whole.weights);
    expect(resumed.average).toEqual(whole.average);
  });

  it('saves when it is aborted, rethrows the reason, and goes on from exactly there', async () => {
    const controller = new AbortController();
    const reason = new Error('the worker shuts down');
    const aborted = run({
      steps: 20,
      folder: 'cut',
      signal: controller.signal,
      onProgress: ({ step }) => step === 7 && controller.abort(reason),
    });
    await expect(aborted).rejects.toBe(reason);
    expect(await folderCheckpoints(join(root, 'cut')).steps()).toEqual([7]);
    await run({ steps: 20, folder: 'cut' });
    await run({ steps: 20, folder: 'whole' });
    expect(await bytes('cut', 20)).toEqual(await bytes('whole', 20));
  });

  it('turns red when the moments are lost on the way', async () => {
    await run({ steps: 20, folder: 'whole' });
    await run({ steps: 10, folder: 'halves' });
    const { readSafetensors, writeSafetensors } = await import('../../../models/tensor/safetensors.ts');
    const path = join(root, 'halves', '10', 'adam.safetensors');
    const { tensors } = await readSafetensors(path);
    await writeSafetensors(
      path,
      new Map(
        [...tensors].map(([name, { dtype, shape }]) => [name, { dtype, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }]),
      ),
    );
    await run({ steps: 20, folder: 'halves' });
    expect(await bytes('halves', 20)).not.toEqual(await bytes('whole', 20));
  });

  it('refuses a checkpoint of another seed or with other weights, naming them', async () => {
    await run({ steps: 2 });
    await expect(run({ steps: 4, seed: 4 })).rejects.toThrow(/another seed/);
    const more = new Map([...WEIGHTS, ['third', { shape: [1], data: Float32Array.of(1) }]]);
    await expect(readState(tf, join(root, 'a', '2'), more, [layoutOf(more, ['first'])], true)).rejects.toThrow(/missing[\s\S]*third/);
  });
});

describe('checkpoints', () => {
  it('are saved on the cadence and at the end', async () => {
    await run({ steps: 11, cadence: { steps: 4 } });
    expect(await folderCheckpoints(join(root, 'a')).steps()).toEqual([4, 8, 11]);
  });
});

describe('the checkpoint with the lowest validation loss', () => {
  const losses = new Map([0.5, 0.1, 0.3, 0.4, 0.2].map((loss, i) => [2 * (i + 1), loss]));
  const judged = async (steps: number, everySteps: number, signal?: AbortController) => {
    const store = await openStore(root);
    const checkpoints = openCheckpoints(store, sha256('a training'), { keep: 1 });
    const validation = { everySteps, run: async (_: unknown, step: number) => losses.get(step) ?? 0 };
    const onProgress: Run['onProgress'] = ({ step }) => step === 6 && signal?.abort(new Error('stop'));
    const ended = run({ steps, cadence: { steps: 2 }, checkpoints, validation, onProgress, ...(signal && { signal: signal.signal }) });
    await (signal ? expect(ended).rejects.toThrow('stop') : ended);
    return { best: await checkpoints.best(), kept: (await listCheckpoints(store, sha256('a training'))).map(({ step }) => step) };
  };
  it('stays while the last ones rotate, also after a stop and a resume', async () => {
    expect(await judged(10, 2, new AbortController())).toMatchObject({ best: { step: 4, score: -0.1 }, kept: [6, 4] });
    expect(await judged(10, 2)).toMatchObject({ best: { step: 4, score: -0.1 }, kept: [10, 4] });
  });
  it('is one of those at which the loss was measured: the others have no score', async () => {
    expect(await judged(10, 6)).toMatchObject({ best: { step: 10, score: -0.2 }, kept: [10] });
  });
});

describe('a loss that is not finite', () => {
  it('skips the step, counts it and goes on', async () => {
    const warnings: string[] = [];
    const { skipped, step, weights } = await run({ steps: 12, spoil: (step) => step === 5, warn: (message) => warnings.push(message) });
    expect({ skipped, step }).toEqual({ skipped: 1, step: 12 });
    expect(warnings).toHaveLength(1);
    expect([...(weights.get('first')?.data ?? [])].every(Number.isFinite)).toBe(true);
  });

  it('that stays goes back to the last checkpoint, then fails for good and says where to look', async () => {
    const warnings: string[] = [];
    const failed = run({ steps: 30, cadence: { steps: 4 }, spoil: (step) => step >= 9, warn: (message) => warnings.push(message) });
    await expect(failed).rejects.toMatchObject({ code: 'TRAINING_DIVERGED', retryable: false });
    expect(warnings.filter((message) => message.startsWith('Went back to the checkpoint of step 8'))).toHaveLength(1);
    expect(await folderCheckpoints(join(root, 'a')).steps()).toEqual([4, 8]);
  });
});

describe('every step', () => {
  it('leaves as many tensors as the one before', async () => {
    const counts: number[] = [];
    const before = tf.memory().numTensors;
    await run({ steps: 12, onProgress: () => counts.push(tf.memory().numTensors) });
    expect(new Set(counts.slice(1)).size).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
  });
  it('lets other events of the process through and tells its progress', async () => {
    let others = 0;
    const timer = setInterval(() => others++, 0);
    const seen: number[] = [];
    await run({
      steps: 30,
      onProgress: (progress) => seen.push(progress.etaSeconds, progress.stepsPerSecond, progress.rate, progress.gradientNorm),
    });
    clearInterval(timer);
    expect(others).toBeGreaterThan(0);
    expect(seen.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
  });
});
