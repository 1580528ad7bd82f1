import { expect, test } from 'vitest';
import { cut, duration, figure, size } from '../../../cli/display/words.ts';

test.each([
  [0.4211, '0.42 s'],
  [3.24, '3.2 s'],
  [9.97, '10 s'],
  [59.4, '59 s'],
  [59.6, '1 min 00 s'],
  [185, '3 min 05 s'],
  [7800, '2 h 10 min'],
  [273_600, '3 d 4 h'],
  [Number.NaN, '?'],
])('%d seconds read as %s', (seconds, text) => expect(duration(seconds)).toBe(text));

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [200 * 1024 ** 2, '200 MiB'],
  [5 * 1024 ** 5, '5120 TiB'],
])('%d bytes read as %s', (bytes, text) => expect(size(bytes)).toBe(text));

test.each([
  [600, '600'],
  [0.431_27, '0.4313'],
  [-12.345_678, '-12.35'],
  [0.000_012_3, '1.23e-5'],
])('the figure %d reads as %s', (value, text) => expect(figure(value)).toBe(text));

test('a cut text says that it was cut, and keeps to the width', () => {
  expect(cut('abcdef', 4)).toBe('abc…');
  expect(cut('abcd', 4)).toBe('abcd');
});
