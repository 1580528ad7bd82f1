import { describe, expect, test } from 'vitest';
import { judgeByManifest, judgeByMetric, metricNames } from '../../../models/preference/judge.ts';
import { normal } from '../../../numeric/random.ts';

const tone = (noise: number): Float32Array => {
  const random = normal({ seed: 1, purpose: 'noise' }, 12_000);
  return Float32Array.from(random, (value, n) => 0.4 * Math.sin(2 * Math.PI * 440 * (n / 24_000)) + noise * value);
};
const [original, near, far] = [tone(0), tone(0.001), tone(0.1)];

test('the manifest prefers the first version of every pair', () => {
  expect(judgeByManifest([{ id: 'p' }, { id: 'q' }])).toEqual([
    { pair: 'p', judge: 'manifest', choice: 'a' },
    { pair: 'q', judge: 'manifest', choice: 'a' },
  ]);
});

describe.each(metricNames)('%s', (name) => {
  test('prefers what comes closer to the original, on either side', () => {
    expect(judgeByMetric(name, { a: near, b: far, original }, 0)).toBe('a');
    expect(judgeByMetric(name, { a: far, b: near, original }, 0)).toBe('b');
  });

  test('calls equal sounds, and a difference within the margin, a tie', () => {
    expect(judgeByMetric(name, { a: near, b: near, original }, 0)).toBe('tie');
    expect(judgeByMetric(name, { a: near, b: far, original }, 1000)).toBe('tie');
  });

  test('compares no more than all three have', () => {
    expect(judgeByMetric(name, { a: near.subarray(0, 9000), b: far, original: original.subarray(0, 10_000) }, 0)).toBe('a');
  });
});

test('where a metric says nothing, it is a tie', () => {
  expect(judgeByMetric('si-sdr-magnitude-to-original', { a: near, b: far, original: new Float32Array(12_000) }, 0)).toBe('tie');
});
