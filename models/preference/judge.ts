import { logMelDistance } from '../metrics/log-mel.ts';
import { spectralSiSdr } from '../metrics/si-sdr.ts';
import type { PreferencePair } from './pair.ts';

export const choices = ['a', 'b', 'tie'] as const;
export type Choice = (typeof choices)[number];
/** One answer to the question which of a pair is better. */
export interface Judgment {
  /** Id of the pair. */
  readonly pair: string;
  /** A person, `manifest`, or the name of a metric. */
  readonly judge: string;
  readonly choice: Choice;
  /** ISO 8601 in UTC; of a person. */
  readonly at?: string;
}

/** How close a sound comes to an original of the same length, both mono at 24 kHz; undefined where it says nothing (silence). */
interface Metric {
  readonly better: 'lower' | 'higher';
  readonly measure: (sound: Float32Array, original: Float32Array) => number | undefined;
}
const metrics = {
  'log-mel-distance-to-original': { better: 'lower', measure: logMelDistance },
  'si-sdr-magnitude-to-original': { better: 'higher', measure: spectralSiSdr },
} as const satisfies Readonly<Record<string, Metric>>;
export type MetricName = keyof typeof metrics;
export const metricNames = Object.keys(metrics) as [MetricName, ...MetricName[]];

/** The manifest's word: version `a` is the preferred one, for example pianist A over pianist B of the same piece. */
export const judgeByManifest = (pairs: readonly Pick<PreferencePair, 'id'>[]): Judgment[] =>
  pairs.map(({ id }) => ({ pair: id, judge: 'manifest', choice: 'a' }));

/**
 * A metric's word about two sounds and their original (mono, 24 kHz; compared over the samples that all have). Figures that differ by no more
 * than `margin`, and those that cannot be had, are a tie.
 */
export function judgeByMetric(
  name: MetricName,
  { a, b, original }: { readonly a: Float32Array; readonly b: Float32Array; readonly original: Float32Array },
  margin: number,
): Choice {
  const { better, measure }: Metric = metrics[name];
  const length = Math.min(a.length, b.length, original.length);
  const [ofA, ofB] = [a, b].map((sound) => measure(sound.subarray(0, length), original.subarray(0, length)));
  if (ofA === undefined || ofB === undefined || !(Math.abs(ofA - ofB) > margin)) return 'tie';
  return ofA > ofB === (better === 'higher') ? 'a' : 'b';
}
