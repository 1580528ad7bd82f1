import { expect, test } from 'vitest';
import { levelled } from '../../../datasets/media/level.ts';

test('a sound is centred and peaks at one half', () => {
  const samples = levelled(Float32Array.from({ length: 1000 }, (_, i) => 0.3 + 0.01 * Math.sin(i)));
  expect(samples.reduce((sum, value) => sum + value, 0) / 1000).toBeCloseTo(0, 6);
  expect(Math.max(...samples.map(Math.abs))).toBeCloseTo(0.5, 4);
});

test('silence stays silence', () => {
  expect(levelled(new Float32Array(10))).toEqual(new Float32Array(10));
  expect(levelled(new Float32Array(0))).toHaveLength(0);
});
