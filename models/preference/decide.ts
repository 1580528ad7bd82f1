import type { Choice, Judgment } from './judge.ts';
import type { ClipRef, Dropped, PreferencePair } from './pair.ts';

export type Votes = Readonly<Record<Choice, number>>;
/** A decided pair, as preference optimisation reads it. */
export interface Preference {
  /** Id of the pair. */
  readonly pair: string;
  readonly condition: string;
  readonly split: string;
  readonly preferred: ClipRef;
  readonly rejected: ClipRef;
  readonly rollsDiffer: boolean;
  readonly votes: Votes;
  /** Who judged, by name, separated by commas. */
  readonly judge: string;
}

/** The last judgment of each judge about each pair counts; those about other pairs are left out. */
export function judgmentsByPair(
  pairs: readonly Pick<PreferencePair, 'id'>[],
  judgments: readonly Judgment[],
): ReadonlyMap<string, readonly Judgment[]> {
  const byPair = new Map(pairs.map(({ id }) => [id, new Map<string, Judgment>()]));
  for (const judgment of judgments) byPair.get(judgment.pair)?.set(judgment.judge, judgment);
  return new Map([...byPair].map(([id, byJudge]) => [id, [...byJudge.values()]]));
}

export function votesOf(judgments: readonly Judgment[]): Votes {
  const votes = { a: 0, b: 0, tie: 0 };
  for (const { choice } of judgments) votes[choice]++;
  return votes;
}

/** Pairs that still lack judgments. A tie is a judgment. */
export function undecided<Pair extends Pick<PreferencePair, 'id'>>(
  pairs: readonly Pair[],
  judgments: readonly Judgment[],
  votesPerPair: number,
): Pair[] {
  const byPair = judgmentsByPair(pairs, judgments);
  return pairs.filter(({ id }) => (byPair.get(id)?.length ?? 0) < votesPerPair);
}

/**
 * Who is preferred, by this rule: a pair needs at least `votesPerPair` judgments, one a judge; a side that more than half of all its judgments name
 * (ties are counted, too) is preferred; in any other case the pair is dropped.
 */
export function decidePairs(
  pairs: readonly PreferencePair[],
  judgments: readonly Judgment[],
  votesPerPair: number,
): { preferences: Preference[]; dropped: Dropped[] } {
  const byPair = judgmentsByPair(pairs, judgments);
  const preferences: Preference[] = [];
  const dropped: Dropped[] = [];
  for (const { id, condition, split, a, b, rollsDiffer } of pairs) {
    const given = byPair.get(id) ?? [];
    const votes = votesOf(given);
    const winner = (['a', 'b'] as const).find((side) => votes[side] > given.length / 2);
    if (given.length < votesPerPair) dropped.push({ id, reason: `${given.length} of ${votesPerPair} judgments` });
    else if (winner === undefined)
      dropped.push({ id, reason: `no majority: ${votes.a} for a, ${votes.b} for b, ${votes.tie} for neither` });
    else {
      const [preferred, rejected] = winner === 'a' ? [a, b] : [b, a];
      const judge = given
        .map((one) => one.judge)
        .sort()
        .join(', ');
      preferences.push({ pair: id, condition, split, preferred, rejected, rollsDiffer, votes, judge });
    }
  }
  return { preferences, dropped };
}
