import { uniform } from './random.ts';

/** Mean of a sample with a 95 % percentile interval. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/**
 * Mean of `values` and the 2.5 and 97.5 % points of the means of `resamples` draws with replacement (Efron 1979), float64. The draws come from
 * (seed, purpose), so the same values give the same interval. undefined without values.
 */
export function bootstrapMean(
  values: readonly number[],
  { seed, purpose, resamples }: { readonly seed: number; readonly purpose: string; readonly resamples: number },
): Interval | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const mean = (drawn: readonly number[]) => drawn.reduce((sum, value) => sum + value, 0) / count;
  const means = Float64Array.from({ length: resamples }, (_, step) =>
    mean(Array.from(uniform({ seed, purpose, step }, count), (u) => values[Math.floor(u * count)] ?? 0)),
  ).sort();
  const point = (part: number) => means[Math.round(part * (resamples - 1))] ?? Number.NaN;
  return { mean: mean(values), low: point(0.025), high: point(0.975), count };
}
