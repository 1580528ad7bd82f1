import { expect, test } from 'vitest';
import { SostenutoError } from '../../../errors/problem.ts';
import { checkNames } from '../../../models/training/state.ts';

const shapes = (entries: Readonly<Record<string, readonly number[]>>) =>
  new Map(Object.entries(entries).map(([name, shape]) => [name, { shape }]));
function problemsOf(found: Readonly<Record<string, readonly number[]>>, expected: Readonly<Record<string, readonly number[]>>) {
  try {
    checkNames(shapes(found), shapes(expected), 'weights.safetensors');
  } catch (error) {
    if (error instanceof SostenutoError) return error.problems;
    throw error;
  }
  return [];
}

test('a file with the same names and shapes is taken, in whatever order', () => {
  expect(problemsOf({ a: [2, 3], b: [] }, { b: [], a: [2, 3] })).toEqual([]);
});

test('a file of another network is refused with all that is missing, unknown, or of another shape, at once', () => {
  expect(problemsOf({ a: [3, 2], extra: [1], same: [4] }, { a: [2, 3], missing: [5], same: [4] })).toEqual([
    expect.objectContaining({
      code: 'CHECKPOINT_MISMATCH',
      where: 'weights.safetensors',
      what: expect.stringContaining('missing'),
      found: 'missing',
    }),
    expect.objectContaining({ code: 'CHECKPOINT_MISMATCH', what: expect.stringContaining('does not know'), found: 'extra' }),
    expect.objectContaining({
      code: 'CHECKPOINT_MISMATCH',
      what: expect.stringContaining('another shape'),
      found: 'a [3,2], expected [2,3]',
    }),
  ]);
});

test('of many names the first eight are told, and how many more there are', () => {
  const many = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`w${String(i).padStart(2, '0')}`, [1]]));
  expect(problemsOf({}, many)).toEqual([expect.objectContaining({ found: 'w00, w01, w02, w03, w04, w05, w06, w07 and 3 more' })]);
});
