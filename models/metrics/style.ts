import { logMel } from './log-mel.ts';

const GROUPS = 16;
/** Nepers below the clip's loudest band that still count (26 dB): what lies lower is mostly the codec's and the sampler's noise. */
const RANGE = 3;

/**
 * How a sound is played and on what: of 16 groups of mel bands the mean level relative to all of them, and the deviation over time. Does not depend on
 * gain. Mono at 24 kHz, [n] → [32], in nepers.
 */
export function styleFeatures(samples: ArrayLike<number>): number[] {
  const { frames, bands, values } = logMel(samples);
  const least = values.reduce((most, value) => Math.max(most, value), -Infinity) - RANGE;
  const sums = new Float64Array(GROUPS);
  const squares = new Float64Array(GROUPS);
  const size = bands / GROUPS;
  for (let frame = 0; frame < frames; frame++) {
    for (let group = 0; group < GROUPS; group++) {
      let level = 0;
      for (let i = 0; i < size; i++) level += Math.max(least, values[frame * bands + group * size + i] ?? least) / size;
      sums[group] = (sums[group] ?? 0) + level;
      squares[group] = (squares[group] ?? 0) + level * level;
    }
  }
  const means = sums.map((sum) => sum / frames);
  const overall = means.reduce((sum, mean) => sum + mean, 0) / GROUPS;
  const deviations = squares.map((square, group) => Math.sqrt(Math.max(0, square / frames - (means[group] ?? 0) ** 2)));
  return [...Array.from(means, (mean) => mean - overall), ...deviations];
}
