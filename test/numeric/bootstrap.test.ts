import { describe, expect, it } from 'vitest';
import { bootstrapMean } from '../../numeric/bootstrap.ts';
import { normal } from '../../numeric/random.ts';

const options = { seed: 3, purpose: 'test', resamples: 1000 };

describe('a bootstrap interval', () => {
  it('covers about as much as the normal approximation for a large sample', () => {
    const values = Array.from(normal({ seed: 1, purpose: 'values' }, 400));
    const found = bootstrapMean(values, options);
    if (found === undefined) throw new Error('no interval');
    const mean = values.reduce((sum, value) => sum + value, 0) / 400;
    const error = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 399 / 400);
    expect(found.mean).toBeCloseTo(mean, 12);
    expect(found.high - found.low).toBeGreaterThan(3.5 * error);
    expect(found.high - found.low).toBeLessThan(4.4 * error);
    expect(found.count).toBe(400);
  });
  it('is the same for the same address, and another for another', () => {
    const values = [1, 2, 5, 9];
    expect(bootstrapMean(values, options)).toEqual(bootstrapMean(values, options));
    expect(bootstrapMean([...normal({ seed: 1, purpose: 'v' }, 30)], { ...options, seed: 4 })).not.toEqual(
      bootstrapMean([...normal({ seed: 1, purpose: 'v' }, 30)], options),
    );
  });
  it('of equal values is a point, and of none is undefined', () => {
    expect(bootstrapMean([2, 2, 2], options)).toEqual({ mean: 2, low: 2, high: 2, count: 3 });
    expect(bootstrapMean([], options)).toBeUndefined();
  });
});
