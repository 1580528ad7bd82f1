import { beforeAll, describe, expect, it } from 'vitest';
import type { Tf } from '../../../models/network/tensor-types.ts';
import { adam, adamScalars, clipFactor, TORCH_ADAM } from '../../../models/training/optimiser.ts';
import { paperSchedule, schedule } from '../../../models/training/schedule.ts';
import { readFixture, relativeDifference, testBackend } from '../network/fixture.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

describe('Adam', () => {
  it('is another one with the library’s own epsilon', () => {
    const fixture = readFixture(tf, 'optimiser_adam_clip_schedule');
    const gradient = fixture.tensor('step0/in/g3');
    const zero = tf.zerosLike(gradient);
    const options = { ...TORCH_ADAM, epsilon: 1e-7 };
    const { change } = adam(tf, options, { first: zero, second: zero }, gradient, adamScalars(options, 1, 3e-5 * 1e-8));
    expect(relativeDifference(tf.neg(change), fixture.array('paper/step0/out/update3'))).toBeGreaterThan(1e-3);
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
