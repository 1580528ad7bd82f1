import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearScale, logScale, roundMarks } from '../../../web/report/chart-scale.ts';
import { type Point, smooth, thinOut } from '../../../web/report/curve-data.ts';
import { findFamilies } from '../../../web/report/heat-map.ts';
import { duration, quantity } from '../../../web/report/words.ts';
import { exampleModel } from '../example.ts';

describe('scales', () => {
  it('mark round numbers inside their range', () => {
    expect(roundMarks(0, 1, 4)).toEqual([0, 0.5, 1]);
    expect(roundMarks(-3, 17, 5)).toEqual([0, 5, 10, 15]);
  });

  it('place every value on the paper', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e12, max: 1e12 }), { minLength: 1, maxLength: 20 }), (values) => {
        const { place, marks } = linearScale(values, 200, 10, 4);
        for (const value of [...values, ...marks]) expect(place(value)).toBeGreaterThanOrEqual(10 - 1e-6);
        for (const value of [...values, ...marks]) expect(place(value)).toBeLessThanOrEqual(200 + 1e-6);
      }),
    );
  });

  it('mark nothing outside a range that is narrow beside its distance from zero', () => {
    const [low, high] = [-999999999999.3928, -999999999997.6055];
    expect(roundMarks(low, high, 4).every((mark) => mark >= low && mark <= high)).toBe(true);
    const { place, marks } = linearScale([low, high], 200, 10, 4);
    for (const mark of marks) expect(place(mark)).toBeLessThanOrEqual(200);
  });

  it('have no logarithm for values that are not above zero', () => {
    expect(logScale([1, 0], 200, 10)).toBeUndefined();
    expect(logScale([0.01, 100], 200, 10)?.marks).toEqual([0.01, 0.1, 1, 10, 100]);
  });
});

describe('curves', () => {
  const line: Point[] = Array.from({ length: 1000 }, (_, i) => [i, 2 * i + 1]);

  it('keep their spikes when points are left out', () => {
    const spiked = line.map(([step, value]): Point => [step, step === 501 ? 1e6 : value]);
    const thin = thinOut(spiked, 100);
    expect(thin.length).toBeLessThanOrEqual(100);
    expect(thin.some(([, value]) => value === 1e6)).toBe(true);
    expect(thin.every(([step], i) => i === 0 || step > (thin[i - 1]?.[0] ?? 0))).toBe(true);
  });

  it('smoothed, do not lag behind a straight line, not even at its ends', () => {
    for (const [i, [, value]] of smooth(line).entries()) expect(value).toBeCloseTo(line[i]?.[1] ?? 0, 6);
  });

  it('of one quantity in parts become one map', () => {
    const { families, single } = findFamilies(exampleModel.curves);
    expect(families.map(({ name, parts, members }) => [name, parts, members.length])).toEqual([['loss at t', 8, 8]]);
    expect(single.map(({ name }) => name)).toEqual(['loss', 'validation loss', 'gradient norm']);
  });
});

describe('words', () => {
  it.each([
    [0, '0 s'],
    [0.042, '0.042 s'],
    [0.996, '1.0 s'],
    [9.96, '10 s'],
    [59.6, '1 min 00 s'],
    [252, '4 min 12 s'],
    [7500, '2 h 05 min'],
    [400_000, '4 d 15 h'],
    [Number.NaN, '–'],
  ])('%d seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text));

  it.each([
    [0.46123, '0.4612'],
    [710_952_640, '710,952,640'],
    [6e-4, '0.0006'],
    [3e-7, '3.00e-7'],
    [-2.5, '-2.5'],
  ])('%d is written %s', (value, text) => expect(quantity(value)).toBe(text));
});
