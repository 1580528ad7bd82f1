import type { RatingRow } from '../../datasets/sources/ratings.ts';
import { meanOf } from '../../numeric/statistics.ts';
import { studentFactor } from '../../numeric/student-t.ts';

/** Mean opinion score with half-widths of its 95 % interval. */
export interface OpinionScore {
  readonly system: string;
  readonly question: string;
  readonly count: number;
  readonly mean: number;
  /** Divided by n − 1; 0 for one rating. */
  readonly deviation: number;
  /** 1.96 · deviation / √n, as papers print it. */
  readonly halfWidth: number;
  /** The same with Student's t, right for few ratings; undefined for one. */
  readonly halfWidthByT?: number;
  /** Ratings of one person resemble each other: the mean of the raters' means, and 1.96 times its standard error. */
  readonly byRater: { readonly raters: number; readonly mean: number; readonly halfWidth: number };
}

const NORMAL_FACTOR = 1.96;
const errorOf = (values: readonly number[]) => deviationOf(values) / Math.sqrt(values.length);
function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return values.length < 2 ? 0 : Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
const groupBy = (ratings: readonly RatingRow[], key: (rating: RatingRow) => string): RatingRow[][] => [
  ...ratings.reduce((groups, one) => groups.set(key(one), [...(groups.get(key(one)) ?? []), one]), new Map<string, RatingRow[]>()).values(),
];

/** Mean opinion scores by system and question, in the order in which they first occur. */
export function opinionScores(ratings: readonly RatingRow[]): OpinionScore[] {
  return groupBy(ratings, ({ system, question }) => JSON.stringify([system, question])).flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const scores = group.map(({ score }) => score);
    const means = groupBy(group, ({ rater }) => rater).map((own) => meanOf(own.map(({ score }) => score)));
    const error = errorOf(scores);
    return [
      {
        system: first.system,
        question: first.question,
        count: scores.length,
        mean: meanOf(scores),
        deviation: deviationOf(scores),
        halfWidth: NORMAL_FACTOR * error,
        ...(scores.length > 1 && { halfWidthByT: studentFactor(scores.length - 1) * error }),
        byRater: { raters: means.length, mean: meanOf(means), halfWidth: NORMAL_FACTOR * errorOf(means) },
      },
    ];
  });
}
