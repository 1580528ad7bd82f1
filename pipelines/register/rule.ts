import { bootstrapMean, type Interval } from '../../numeric/bootstrap.ts';

/** What a model scored, clip by clip, under a protocol that names the test set. */
export interface Scores {
  /** Scores under different protocols are not compared. */
  readonly protocol: string;
  readonly measure: string;
  readonly better: 'lower' | 'higher';
  readonly clips: Readonly<Record<string, number>>;
}
export interface Rule {
  /** By how much the champion must be beaten, in the measure's unit. */
  readonly margin: number;
  readonly resamples: number;
  readonly seed: number;
}
export interface Decision {
  readonly promote: boolean;
  readonly reason: string;
  /** Of the gain over the champion, clip by clip; positive is better. */
  readonly gain?: Interval;
}

const digits = (value: number): string => String(Number(value.toPrecision(3)));

/**
 * Whether a candidate takes the champion's place: the lower end of the 95 % bootstrap interval of its gain, clip by clip, lies above the margin.
 * Without a champion it does, if it has scores at all.
 */
export function judgeCandidate(candidate: Scores, champion: Scores | undefined, { margin, resamples, seed }: Rule): Decision {
  const clips = Object.keys(candidate.clips);
  if (clips.length === 0) return { promote: false, reason: `No clip has a ${candidate.measure}.` };
  if (champion === undefined) return { promote: true, reason: 'There was no champion.' };
  if (champion.protocol !== candidate.protocol || champion.measure !== candidate.measure || champion.better !== candidate.better)
    return { promote: false, reason: 'The champion was measured otherwise (another test set or measure): a person has to decide.' };
  const sign = candidate.better === 'higher' ? 1 : -1;
  const gains = clips.flatMap((id) => {
    const [own, other] = [candidate.clips[id], champion.clips[id]];
    return own === undefined || other === undefined ? [] : [sign * (own - other)];
  });
  const gain = bootstrapMean(gains, { seed, purpose: `champion by ${candidate.measure}`, resamples });
  if (gain === undefined) return { promote: false, reason: 'No clip has scores of both.' };
  const promote = gain.low > margin;
  const told = `${digits(gain.mean)} (${digits(gain.low)} … ${digits(gain.high)}) over ${gain.count} clips`;
  return { promote, gain, reason: `Gain in ${candidate.measure}: ${told}; ${promote ? 'above' : 'not above'} ${margin}.` };
}
