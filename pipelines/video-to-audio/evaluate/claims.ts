import type { Interval } from '../../../numeric/bootstrap.ts';
import type { Measure } from '../../measure.ts';
import { type Ablation, difference, told } from './ablation.ts';
import { CLAIMS, type Claim, type Comparison } from './arms.ts';
import { MEASURED, type MeasureName } from './measured.ts';

/** With fewer clips even the same sign on all of them happens by chance more often than once in twenty (two-sided sign test: 2 · 2⁻ⁿ). */
const LEAST_CLIPS = 6;

export interface Finding {
  readonly comparison: Comparison;
  readonly measure: MeasureName;
  readonly difference: Interval | undefined;
  readonly verdict: 'shown' | 'not shown' | 'the opposite is shown' | 'cannot be judged';
  /** Why it cannot be judged. */
  readonly reason?: string;
}

/** What the interval of a difference says about a claim: shown if it lies on the better side of zero as a whole. */
export function findingOf(ablation: Ablation, { set }: Pick<Claim, 'set'>, comparison: Comparison, measure: MeasureName): Finding {
  const interval = difference(ablation, comparison, set, measure);
  const found = { comparison, measure, difference: interval };
  if (!ablation.isReliable(measure)) return { ...found, verdict: 'cannot be judged', reason: 'its judge fails on held-out originals' };
  if (interval === undefined || interval.count < LEAST_CLIPS)
    return { ...found, verdict: 'cannot be judged', reason: `${interval?.count ?? 0} clips in both arms, ${LEAST_CLIPS} are needed` };
  const [low, high] = MEASURED[measure].better === 'higher' ? [interval.low, interval.high] : [-interval.high, -interval.low];
  return { ...found, verdict: low > 0 ? 'shown' : high < 0 ? 'the opposite is shown' : 'not shown' };
}

/** A sentence a claim, made from the figures alone; and the deciding difference of each comparison as a measure. */
export function judgeClaims(ablation: Ablation): { sentences: string[]; measures: Measure[] } {
  const judged = CLAIMS.map((claim) => ({
    claim,
    findings: claim.comparisons.map((comparison) => claim.measures.map((measure) => findingOf(ablation, claim, comparison, measure))),
  }));
  const measures = judged.flatMap(({ claim, findings }) =>
    findings.flatMap((found): Measure[] => {
      const [decisive] = found;
      if (decisive?.difference === undefined || decisive.reason !== undefined) return [];
      const { better, unit } = MEASURED[decisive.measure];
      const { mean, low, high } = decisive.difference;
      const name = `${decisive.comparison.join(' − ')}: ${decisive.measure}`;
      return [
        { name, value: mean, interval: { low, high }, ...(unit !== undefined && { unit }), better, note: sentenceOf(claim, [found]) },
      ];
    }),
  );
  return { sentences: judged.map(({ claim, findings }) => sentenceOf(claim, findings)), measures };
}

function sentenceOf({ claim, reason }: Claim, findings: readonly (readonly Finding[])[]): string {
  const verdicts = findings.flatMap(([first]) =>
    first === undefined ? [] : [`${first.verdict}${findings.length > 1 ? ` for ${first.comparison[0]}` : ''}`],
  );
  const details = findings.flat().map((found) => {
    const { unit } = MEASURED[found.measure];
    const figure =
      found.difference === undefined
        ? ''
        : ` ${told(found.difference, true)}${unit === undefined ? '' : ` ${unit}`} over ${found.difference.count} clips`;
    return `${found.comparison.join(' − ')} in ${found.measure}${figure}: ${found.reason ?? found.verdict}`;
  });
  const isOpen = findings.some(([first]) => first?.difference !== undefined && first.reason === undefined && first.verdict !== 'shown');
  const why = reason !== undefined && isOpen ? ` At the demo's size: ${reason}.` : '';
  return `${claim}: ${verdicts.join(', ')} (${details.join('; ')}).${why}`;
}
