import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOf, metricKey, paramsOf, requests, tagsOf } from '../../../activities/tracking/mlflow/limits.ts';

describe('names', () => {
  test('what MLflow takes stays as it is', () => expect(keyOf('a.b/c_d-e f')).toBe('a.b/c_d-e f'));

  test('any name becomes one that MLflow takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => {
        const key = keyOf(name);
        expect(key).toMatch(/^[\w.\- ]+(?:\/[\w.\- ]+)*$/);
        expect(key.length).toBeLessThanOrEqual(250);
        expect(key.split('/').some((part) => part === '.' || part === '..')).toBe(false);
      }),
    );
  });

  test('long names that differ at their end stay different', () => {
    expect(keyOf(`${'x'.repeat(300)}1`)).not.toBe(keyOf(`${'x'.repeat(300)}2`));
  });

  test.each([
    ['loss', 'train/loss'],
    ['validation F1', 'validation/F1'],
    ['validation loss', 'validation/loss'],
    ['loss at t 3/8', 'train/loss at t 3 of 8'],
    ['system/cpu_utilization_percentage', 'system/cpu_utilization_percentage'],
  ])('the metric "%s" is drawn as "%s"', (name, key) => expect(metricKey(name)).toBe(key));
});

describe('params', () => {
  test('nested settings are flat, lists and empty objects JSON', () => {
    expect(paramsOf({ a: { b: 1, c: [1, { d: 2 }], e: {} }, f: null, g: 'text' })).toEqual([
      { key: 'a.b', value: '1' },
      { key: 'a.c', value: '[1,{"d":2}]' },
      { key: 'a.e', value: '{}' },
      { key: 'f', value: 'null' },
      { key: 'g', value: 'text' },
    ]);
  });

  test('nothing gives none', () => expect([...paramsOf(undefined), ...paramsOf({})]).toEqual([]));

  test('two names that would become one stay two', () => {
    const keys = paramsOf({ 'a*': 1, 'a?': 2, a: { b: 3 }, 'a.b': 4 }).map(({ key }) => key);
    expect(new Set(keys).size).toBe(4);
  });

  test('a long value is cut, never in the middle of a sign, and says so', () => {
    const [pair] = paramsOf({ a: '🎹'.repeat(5000) });
    expect(pair?.value.length).toBeLessThanOrEqual(6000);
    expect(pair?.value).toMatch(/🎹 … \(10000 characters, sha256 [0-9a-f]{12}\)$/u);
    expect(tagsOf({ a: 'x'.repeat(9000), b: undefined })).toMatchObject([{ key: 'a', value: expect.stringMatching(/^x+ … \(9000/) }]);
  });
});

describe('requests', () => {
  test('hold at most 100 params or 1000 points, and keep their order', () => {
    const pairs = Array.from({ length: 250 }, (_, i) => ({ key: `p${i}`, value: '1' }));
    expect(requests(pairs).map(({ length }) => length)).toEqual([100, 100, 50]);
    const points = Array.from({ length: 2001 }, (_, step) => ({ key: 'm', value: 1, timestamp: 1, step }));
    expect(requests(points).map(({ length }) => length)).toEqual([1000, 1000, 1]);
    expect(requests(points).flat()).toEqual(points);
  });

  test('stay below a megabyte', () => {
    const pairs = Array.from({ length: 100 }, (_, i) => ({ key: `p${i}`, value: 'é'.repeat(6000) }));
    for (const request of requests(pairs)) expect(Buffer.byteLength(JSON.stringify(request))).toBeLessThan(1_000_000);
  });
});
