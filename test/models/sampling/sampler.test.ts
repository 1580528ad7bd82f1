import { beforeAll, describe, expect, it } from 'vitest';
import type { Tf } from '../../../models/network/tensor-types.ts';
import { euler } from '../../../models/sampling/euler.ts';
import { guide } from '../../../models/sampling/guidance.ts';
import { timeGrid } from '../../../models/sampling/time-grid.ts';
import { maxDifference, testBackend } from '../network/fixture.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

describe('time grid', () => {
  it('with sway −1 is 1 − cos(πt/2)', () => {
    const grid = timeGrid({ steps: 4, convention: 'intervals', sway: -1 });
    [0, 0.0761205, 0.2928932, 0.6173166, 1].forEach((time, i) => {
      expect(grid[i]).toBeCloseTo(time, 6);
    });
  });
  it('counts points or intervals', () => {
    expect(timeGrid({ steps: 64, convention: 'points', sway: 0 })).toHaveLength(64);
    expect(timeGrid({ steps: 64, convention: 'intervals', sway: 0 })).toHaveLength(65);
  });
  it('refuses what would turn back or has no interval', () => {
    expect(() => timeGrid({ steps: 8, convention: 'points', sway: 2 })).toThrow(/turns time back/);
    expect(() => timeGrid({ steps: 1, convention: 'points', sway: 0 })).toThrow(/0 intervals/);
  });
});

describe('Euler', () => {
  it('returns the data exactly when the velocity is data − noise, on any grid', async () => {
    const [noise, data] = [tf.tensor3d([[[1], [2]]]), tf.tensor3d([[[5], [-3]]])];
    for (const sway of [0, -1, 1.5]) {
      const sample = await euler(tf, () => tf.sub(data, noise), noise, timeGrid({ steps: 7, convention: 'intervals', sway }));
      expect(maxDifference(sample, { shape: [1, 2, 1], data: [5, -3] })).toBeLessThan(1e-6);
    }
  });
  it('stops between steps with the reason of the signal and leaks nothing', async () => {
    const before = tf.memory().numTensors;
    const noise = tf.zeros([1, 2, 1]);
    const controller = new AbortController();
    const run = euler(tf, (x) => x, noise, timeGrid({ steps: 5, convention: 'intervals', sway: 0 }), {
      signal: controller.signal,
      watch: (index) => index === 2 && controller.abort(new Error('enough')),
    });
    await expect(run).rejects.toThrow('enough');
    noise.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('guidance', () => {
  it('both conventions agree for w = 1 + s', () => {
    const [c, u] = [tf.tensor3d([[[1], [4]]]), tf.tensor3d([[[0], [2]]])];
    const added = guide(tf, c, u, { strength: 2, convention: 'added' });
    expect(maxDifference(added, { shape: [1, 2, 1], data: [3, 8] })).toBe(0);
    expect(maxDifference(guide(tf, c, u, { strength: 3, convention: 'weighted' }), { shape: [1, 2, 1], data: added.dataSync() })).toBe(0);
    expect(maxDifference(guide(tf, c, u, { strength: 1, convention: 'weighted' }), { shape: [1, 2, 1], data: [1, 4] })).toBe(0);
  });
});
