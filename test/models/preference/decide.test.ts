import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decidePairs, undecided } from '../../../models/preference/decide.ts';
import { type Choice, choices, type Judgment } from '../../../models/preference/judge.ts';
import type { PreferencePair } from '../../../models/preference/pair.ts';

const clip = (id: string) => ({ id, sound: { form: 'file', digest: id, bytes: 1 } }) as const;
const pairNamed = (id: string): PreferencePair => ({
  id,
  condition: 'a piece',
  split: 'train',
  a: clip(`${id}-a`),
  b: clip(`${id}-b`),
  rollsDiffer: true,
});
const said = (...made: Choice[]): Judgment[] => made.map((choice, n) => ({ pair: 'p', judge: `judge ${n}`, choice }));
const decide = (judgments: readonly Judgment[], votesPerPair = 1) => decidePairs([pairNamed('p')], judgments, votesPerPair);

describe('the rule: more than half of all judgments of a pair', () => {
  test.each([
    [['a'], 'p-a'],
    [['b', 'b', 'a'], 'p-b'],
    [['a', 'a', 'tie'], 'p-a'],
    [['a', 'a', 'a', 'b', 'tie'], 'p-a'],
  ] as const)('%j prefers %s', (made, preferred) => {
    expect(decide(said(...made)).preferences).toMatchObject([{ preferred: { id: preferred } }]);
  });

  test.each([
    [['tie'], 'no majority: 0 for a, 0 for b, 1 for neither'],
    [['a', 'b'], 'no majority: 1 for a, 1 for b, 0 for neither'],
    // More for a than for b, but not more than half.
    [['a', 'a', 'b', 'tie'], 'no majority: 2 for a, 1 for b, 1 for neither'],
    [[], '0 of 1 judgments'],
  ] as const)('%j drops the pair: %s', (made, reason) => {
    expect(decide(said(...made))).toEqual({ preferences: [], dropped: [{ id: 'p', reason }] });
  });

  test('a pair with too few judgments is dropped, however clear they are', () => {
    expect(decide(said('a', 'a'), 3).dropped).toEqual([{ id: 'p', reason: '2 of 3 judgments' }]);
  });

  test('a judge who judges again takes back what they said', () => {
    const again = [...said('a', 'a'), { pair: 'p', judge: 'judge 0', choice: 'b' }, { pair: 'p', judge: 'judge 1', choice: 'b' }] as const;
    expect(decide(again).preferences).toMatchObject([
      { preferred: { id: 'p-b' }, votes: { a: 0, b: 2, tie: 0 }, judge: 'judge 0, judge 1' },
    ]);
  });
});

const anyPairs = fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 }).map((ids) => ids.map(pairNamed));
const anyJudgment = fc.record({
  pair: fc.constantFrom('a', 'b', 'c', 'd', 'unknown'),
  judge: fc.constantFrom('x', 'y', 'z'),
  choice: fc.constantFrom(...choices),
});
const anyJudgments = fc.array(anyJudgment);
const onceEach = fc.uniqueArray(anyJudgment, { selector: ({ pair: of, judge }) => `${of} ${judge}` });
const swapped = { a: 'b', b: 'a', tie: 'tie' } as const;

describe('whatever is judged', () => {
  test('every pair is either decided or dropped, once', () => {
    fc.assert(
      fc.property(anyPairs, anyJudgments, fc.integer({ min: 1, max: 3 }), (pairs, judgments, votesPerPair) => {
        const { preferences, dropped } = decidePairs(pairs, judgments, votesPerPair);
        const ids = [...preferences.map((preference) => preference.pair), ...dropped.map(({ id }) => id)];
        expect(ids.sort()).toEqual(pairs.map(({ id }) => id).sort());
        for (const { votes, preferred, rejected } of preferences) {
          expect(Math.max(votes.a, votes.b)).toBeGreaterThan((votes.a + votes.b + votes.tie) / 2);
          expect(votes.a + votes.b + votes.tie).toBeGreaterThanOrEqual(votesPerPair);
          expect(preferred.id).not.toBe(rejected.id);
        }
      }),
    );
  });

  test('naming the sides the other way round turns every preference, and drops the same pairs', () => {
    fc.assert(
      fc.property(anyPairs, anyJudgments, (pairs, judgments) => {
        const one = decidePairs(pairs, judgments, 1);
        const other = decidePairs(
          pairs.map((it) => ({ ...it, a: it.b, b: it.a })),
          judgments.map((it) => ({ ...it, choice: swapped[it.choice] })),
          1,
        );
        expect(other.preferences.map(({ preferred }) => preferred.id)).toEqual(one.preferences.map(({ preferred }) => preferred.id));
        expect(other.dropped.map(({ id }) => id)).toEqual(one.dropped.map(({ id }) => id));
      }),
    );
  });

  test('the order of the judges does not matter', () => {
    fc.assert(
      fc.property(anyPairs, onceEach, (pairs, judgments) => {
        expect(decidePairs(pairs, judgments.toReversed(), 1)).toEqual(decidePairs(pairs, judgments, 1));
      }),
    );
  });

  test('what is undecided is what would be dropped for too few judgments', () => {
    fc.assert(
      fc.property(anyPairs, anyJudgments, fc.integer({ min: 1, max: 3 }), (pairs, judgments, votesPerPair) => {
        const few = decidePairs(pairs, judgments, votesPerPair).dropped.filter(({ reason }) => reason.endsWith('judgments'));
        expect(undecided(pairs, judgments, votesPerPair).map(({ id }) => id)).toEqual(few.map(({ id }) => id));
      }),
    );
  });
});
