import { expect, test } from 'vitest';
import { aWeighting } from '../../numeric/a-weighting.ts';

/** IEC 61672-1, table 3: third octaves from 10 Hz to 20 kHz, in dB. */
const table = [
  -70.4, -63.4, -56.7, -50.5, -44.7, -39.4, -34.6, -30.2, -26.2, -22.5, -19.1, -16.1, -13.4, -10.9, -8.6, -6.6, -4.8, -3.2, -1.9, -0.8, 0,
  0.6, 1.0, 1.2, 1.3, 1.2, 1.0, 0.5, -0.1, -1.1, -2.5, -4.3, -6.6, -9.3,
];
/** The standard's frequencies are powers of ten; 31.5 Hz and the like are only their names. */
const frequency = (band: number) => 10 ** (1 + band / 10);

test('the published values, to the tenth of a decibel that is printed', () => {
  table.forEach((decibels, band) => {
    expect(Math.abs(aWeighting(frequency(band)) - decibels), `${frequency(band).toFixed(1)} Hz`).toBeLessThanOrEqual(0.05 + 1e-6);
  });
});

test('are missed by neighbouring bands, so that the table can tell', () => {
  const missed = table.filter((decibels, band) => Math.abs(aWeighting(frequency(band + 1)) - decibels) > 0.05);
  expect(missed.length).toBeGreaterThan(30);
});

test('a constant pressure is not heard', () => {
  expect(aWeighting(0)).toBe(Number.NEGATIVE_INFINITY);
});
