import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agreementOf } from '../../../models/preference/agreement.ts';

/** Judges one below the other, things side by side; a dot was left out. */
const unitsOf = (...judges: string[]): string[][] => {
  const rows = judges.map((row) => row.split(' '));
  return (rows[0] ?? []).map((_, thing) => rows.map((row) => row[thing] ?? '.').filter((answer) => answer !== '.'));
};

describe("Krippendorff's alpha", () => {
  test('is that of the published examples', () => {
    const two = unitsOf('0 1 0 0 0 0 0 0 1 0', '1 1 1 0 0 1 0 0 0 0');
    expect(agreementOf(two).alpha).toBeCloseTo(0.095, 3);
    const four = unitsOf('1 2 3 3 2 1 4 1 2 . . .', '1 2 3 3 2 2 4 1 2 5 . 3', '. 3 3 3 2 3 4 2 2 5 1 .', '1 2 3 3 2 4 4 1 2 5 1 .');
    expect(agreementOf(four).alpha).toBeCloseTo(0.743, 3);
  });

  test('is 1 for full agreement, and cannot be told from a single answer or a single judge', () => {
    expect(
      agreementOf([
        ['a', 'a'],
        ['b', 'b', 'b'],
      ]),
    ).toEqual({ agreeing: 1, alpha: 1 });
    expect(
      agreementOf([
        ['a', 'a'],
        ['a', 'a'],
      ]),
    ).toEqual({ agreeing: 1 });
    expect(agreementOf([['a'], ['b'], []])).toEqual({});
  });

  test('is below 0 where two judges contradict each other each time', () => {
    const { agreeing, alpha } = agreementOf([
      ['a', 'b'],
      ['b', 'a'],
    ]);
    expect(agreeing).toBe(0);
    expect(alpha).toBeLessThan(0);
  });

  test('never exceeds 1, and names of answers do not matter', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.constantFrom('a', 'b', 'tie'), { maxLength: 4 })), (units) => {
        const { alpha, agreeing } = agreementOf(units);
        if (alpha !== undefined) expect(alpha).toBeLessThanOrEqual(1);
        if (agreeing === 1 && alpha !== undefined) expect(alpha).toBeCloseTo(1, 12);
        const renamed = agreementOf(units.map((answers) => answers.map((answer) => `${answer}!`)));
        expect(renamed).toEqual({ ...(agreeing === undefined ? {} : { agreeing }), ...(alpha === undefined ? {} : { alpha }) });
      }),
    );
  });
});
