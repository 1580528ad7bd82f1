import { beforeAll, describe, expect, it } from 'vitest';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import { adam, adamScalars, clipFactor, type Moments, TORCH_ADAM } from '../../../models/training/optimiser.ts';
import { paperSchedule, schedule } from '../../../models/training/schedule.ts';
import { maxDifference, readFixture, relativeDifference, testBackend } from '../network/fixture.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

/** ‖a − b‖₂ / ‖b‖₂ */
const distance = (a: number[], b: Float64Array) => Math.hypot(...a.map((value, i) => value - (b[i] ?? 0))) / Math.hypot(...b);

describe('Adam, global-norm clip and schedule as in PyTorch', () => {
  it.each([
    ['paper', 3e-5],
    ['large', 0.03],
  ] as const)('%s', (scope, base) => {
    const fixture = readFixture(tf, 'optimiser_adam_clip_schedule');
    const { warmup: warmUpSteps = 0, total: totalSteps = 0, clip = 0 } = fixture.config;
    const rates = schedule({ base, warmUpSteps, totalSteps, shape: 'linear' });
    const weights = [0, 1, 2, 3].map((i) => fixture.tensor(`in/p${i}`));
    const exact = weights.map((weight) => Array.from(weight.dataSync()));
    let moments: Moments[] = weights.map((weight) => ({ first: tf.zerosLike(weight), second: tf.zerosLike(weight) }));
    for (let step = 0; step < totalSteps; step++) {
      const gradients = weights.map((_, i) => fixture.tensor(`step${step}/in/g${i}`));
      const norm = Math.sqrt(gradients.reduce((sum, gradient) => sum + (tf.sum(tf.square(gradient)).dataSync()[0] ?? 0), 0));
      const expectedNorm = fixture.array(`${scope}/out/grad_norm_before_clip`).data[step] ?? 0;
      expect(Math.abs(norm - expectedNorm)).toBeLessThan(1e-5 * expectedNorm);
      const rate = fixture.array(`${scope}/out/lr_used_at_step`).data[step] ?? 0;
      expect(Math.abs(rates(step) - rate)).toBeLessThanOrEqual(1e-6 * rate);
      const next = gradients.map((gradient, i) =>
        adam(
          tf,
          TORCH_ADAM,
          moments[i] as Moments,
          tf.mul(gradient, clipFactor(norm, clip)),
          adamScalars(TORCH_ADAM, step + 1, rates(step)),
        ),
      );
      next.forEach(({ change }, i) => {
        // The reference took its updates as differences of float64 weights, which rounds the first ones (3e-13): so do we.
        const changes = change.dataSync();
        const made = (exact[i] ?? []).map((value, k) => value + (changes[k] ?? 0) - value);
        exact[i] = (exact[i] ?? []).map((value, k) => value + (changes[k] ?? 0));
        const expected = fixture.array(`${scope}/step${step}/out/update${i}`);
        expect(distance(made, expected.data), `update ${i} of step ${step}`).toBeLessThan(2e-5);
        weights[i] = tf.add(weights[i] as Tensor, change);
      });
      moments = next;
    }
    weights.forEach((weight, i) => {
      expect(maxDifference(weight, fixture.array(`${scope}/out/p${i}`))).toBeLessThan(3e-6);
    });
  });

  it('turns red with the library’s own epsilon', () => {
    const fixture = readFixture(tf, 'optimiser_adam_clip_schedule');
    const gradient = fixture.tensor('step0/in/g3');
    const zero = tf.zerosLike(gradient);
    const options = { ...TORCH_ADAM, epsilon: 1e-7 };
    const { change } = adam(tf, options, { first: zero, second: zero }, gradient, adamScalars(options, 1, 3e-5 * 1e-8));
    expect(relativeDifference(change, fixture.array('paper/step0/out/update3'))).toBeGreaterThan(1e-3);
  });
});

describe('clipping', () => {
  it('brings the global norm down to the limit and leaves smaller ones as they are', () => {
    expect(3 * clipFactor(3, 0.2)).toBeCloseTo(0.2, 5);
    expect(clipFactor(0.1, 0.2)).toBe(1);
  });
});

describe('schedules', () => {
  it('rise linearly, then stay, fall linearly or by a cosine', () => {
    const make = (shape: 'constant' | 'linear' | 'cosine') => schedule({ base: 1, warmUpSteps: 10, totalSteps: 110, shape });
    expect(make('constant')(5)).toBeCloseTo(0.5);
    expect(make('constant')(5000)).toBe(1);
    expect(make('linear')(60)).toBeCloseTo(0.5);
    expect(make('cosine')(35)).toBeCloseTo((1 + Math.cos(Math.PI / 4)) / 2);
    expect(make('cosine')(200)).toBeCloseTo(1e-8);
  });
  it('of the paper reaches 3e-5 after 20,000 steps and nearly 0 at the end', () => {
    const rates = paperSchedule(330_000);
    expect([0, 10_000, 20_000, 330_000].map((step) => Number(rates(step).toPrecision(4)))).toEqual([3e-13, 1.5e-5, 3e-5, 3e-13]);
  });
});
