import { describe, expect, it } from 'vitest';
import { type BackendName, loadBackend, type Tensor, type Tf } from '../../../models/backend/index.ts';
import { findNativePackages } from '../../../models/backend/native.ts';
import { normaliseByBatch, normaliseByEstimates } from '../../../models/network/batch-norm.ts';
import { standardise } from '../../../models/network/standardise.ts';
import { normal } from '../../../numeric/random.ts';
import { againstDifferences, type Leaves } from '../objectives/gradient-step.ts';
import { maxDifference } from './fixture.ts';

const backends: BackendName[] = findNativePackages().length > 0 ? ['tensorflow', 'wasm', 'cpu'] : ['wasm', 'cpu'];
const [BATCH, HEIGHT, WIDTH, CHANNELS] = [2, 3, 4, 3];
const SHAPE: [number, number, number, number] = [BATCH, HEIGHT, WIDTH, CHANNELS];
const COUNT = BATCH * HEIGHT * WIDTH;
const EPSILON = 0.1;
const draw = (purpose: string, count: number) => normal({ seed: 2, purpose }, count);
const values = draw('x', COUNT * CHANNELS).map((value, i) => value * (1 + (i % CHANNELS)) + 2);
const [scale, offset] = [draw('scale', CHANNELS), draw('offset', CHANNELS)];

const inputsOf = (tf: Tf) => ({
  x: tf.tensor4d(values, SHAPE),
  weights: {
    scale: tf.tensor1d(scale),
    offset: tf.tensor1d(offset),
    runningMean: tf.tensor1d([1, 2, 3]),
    runningVariance: tf.tensor1d([4, 5, 6]),
  },
});

/** Mean and variance of a channel over the batch and the grid, in double precision. */
function statistics(channel: number): { mean: number; variance: number } {
  const own = values.filter((_, i) => i % CHANNELS === channel);
  const mean = own.reduce((sum, value) => sum + value, 0) / COUNT;
  return { mean, variance: own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / COUNT };
}
const expected = values.map((value, i) => {
  const { mean, variance } = statistics(i % CHANNELS);
  return ((value - mean) / Math.sqrt(variance + EPSILON)) * (scale[i % CHANNELS] ?? 0) + (offset[i % CHANNELS] ?? 0);
});

describe.each(backends)('batch norm on %s', (name) => {
  it('uses mean and biased variance of the batch, and moves the estimates by a tenth towards mean and unbiased variance', async () => {
    const { tf } = await loadBackend(name);
    const { x, weights } = inputsOf(tf);
    const { value, runningMean, runningVariance } = normaliseByBatch(tf, x, weights, EPSILON);
    expect(maxDifference(value, { shape: SHAPE, data: expected })).toBeLessThan(1e-5);
    const means = [1, 2, 3].map((old, c) => 0.9 * old + 0.1 * statistics(c).mean);
    expect(maxDifference(runningMean, { shape: [CHANNELS], data: means })).toBeLessThan(1e-5);
    const variances = [4, 5, 6].map((old, c) => 0.9 * old + (0.1 * statistics(c).variance * COUNT) / (COUNT - 1));
    expect(maxDifference(runningVariance, { shape: [CHANNELS], data: variances })).toBeLessThan(1e-5);
    const biased = [4, 5, 6].map((old, c) => 0.9 * old + 0.1 * statistics(c).variance);
    expect(maxDifference(runningVariance, { shape: [CHANNELS], data: biased })).toBeGreaterThan(1e-3);
  });

  it('has the gradients of finite differences, at once and compiled', async () => {
    const { tf } = await loadBackend(name);
    const { x, weights } = inputsOf(tf);
    const probe = tf.tensor4d(draw('probe', COUNT * CHANNELS), SHAPE);
    const leaves: Leaves = new Map<string, Tensor>([
      ['x', x],
      ['scale', weights.scale],
      ['offset', weights.offset],
    ]);
    const loss = (normalise: (tf: Tf, x: Tensor, given: typeof weights) => Tensor) => (given: Leaves) => {
      const own = { ...weights, scale: given.get('scale') as never, offset: given.get('offset') as never };
      return tf.sum(tf.mul(normalise(tf, given.get('x') as Tensor, own), probe));
    };
    expect(
      againstDifferences(
        tf,
        leaves,
        loss((tf, x, own) => normaliseByBatch(tf, x, own, EPSILON).value),
      ),
    ).toBeLessThan(5e-3);
    expect(
      againstDifferences(
        tf,
        leaves,
        loss((tf, x, own) => normaliseByEstimates(tf, x, own, EPSILON)),
      ),
    ).toBeLessThan(5e-3);
  });

  it('outside of training uses the estimates only', async () => {
    const { tf } = await loadBackend(name);
    const { x, weights } = inputsOf(tf);
    const data = values.map((value, i) => {
      const c = i % CHANNELS;
      return ((value - (c + 1)) / Math.sqrt(c + 4 + EPSILON)) * (scale[c] ?? 0) + (offset[c] ?? 0);
    });
    expect(maxDifference(normaliseByEstimates(tf, x, weights, EPSILON), { shape: SHAPE, data })).toBeLessThan(1e-5);
  });

  it('its plain form over the grid of each picture is instance norm', async () => {
    const { tf } = await loadBackend(name);
    const { x } = inputsOf(tf);
    const { value } = standardise(tf, x, [1, 2], 0);
    expect(tf.max(tf.abs(tf.mean(value, [1, 2]))).dataSync()[0]).toBeLessThan(1e-6);
    expect(tf.max(tf.abs(tf.sub(tf.mean(tf.square(value), [1, 2]), 1))).dataSync()[0]).toBeLessThan(1e-5);
    const probe = tf.tensor4d(draw('probe', COUNT * CHANNELS), SHAPE);
    const loss = (given: Leaves) => tf.sum(tf.mul(standardise(tf, given.get('x') as Tensor, [1, 2], EPSILON).value, probe));
    expect(againstDifferences(tf, new Map([['x', x]]), loss)).toBeLessThan(5e-3);
  });
});
