import { styleFeatures } from '../../../models/metrics/style.ts';
import { type LogisticModel, logOdds } from '../../../numeric/logistic.ts';

/** Tells the preferred pianist's sound from the other's. */
export interface StyleJudge extends LogisticModel {
  readonly preferred: string;
  readonly other: string;
  /** Mean and deviation of the features over the training windows. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  /** Part of the windows of held-out pieces that it names rightly. */
  readonly accuracy: { readonly original: number; readonly reconstructed: number; readonly noisy: number };
  readonly windows: { readonly train: number; readonly heldOut: number };
}

/** Below this accuracy on held-out originals the judge says nothing. */
const LEAST_ACCURACY = 0.9;
export const isReliable = ({ accuracy }: StyleJudge): boolean => accuracy.original >= LEAST_ACCURACY;

/** Features that lie far outside what was heard in training count as this many deviations, so that odd sounds don't get extreme odds. */
const MOST_DEVIATIONS = 3;

export const standardised = ({ mean, deviation }: Pick<StyleJudge, 'mean' | 'deviation'>, features: readonly number[]): number[] =>
  features.map((value, k) => Math.max(-MOST_DEVIATIONS, Math.min(MOST_DEVIATIONS, (value - (mean[k] ?? 0)) / (deviation[k] ?? 1))));

/** Log-odds of the preferred pianist for a sound at 24 kHz. */
export const styleLogOdds = (judge: StyleJudge, samples: ArrayLike<number>): number =>
  logOdds(judge, standardised(judge, styleFeatures(samples)));
