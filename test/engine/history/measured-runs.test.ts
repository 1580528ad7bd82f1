import { expect, test } from 'vitest';
import { measuredValue } from '../../../engine/history/measured-runs.ts';

test('a measure keeps its interval; half of one is none, and what has no value is no measure', () => {
  const told = { name: 'f1', value: 0.5, better: 'higher' };
  expect(measuredValue('n', { ...told, interval: { low: 0.4, high: 0.6 } })).toEqual([
    { node: 'n', ...told, interval: { low: 0.4, high: 0.6 } },
  ]);
  expect(measuredValue('n', { ...told, interval: { low: 0.4 } })).toEqual([{ node: 'n', ...told }]);
  expect(measuredValue('n', { name: 'f1', interval: { low: 0.4, high: 0.6 } })).toEqual([]);
});
