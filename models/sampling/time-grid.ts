/**
 * How a number of steps becomes points in time. `points`: so many points from 0 to 1, one interval fewer (the paper's code,
 * 64 points and 63 intervals); `intervals`: so many Euler intervals.
 */
export type StepConvention = 'points' | 'intervals';

export interface TimeGridOptions {
  readonly steps: number;
  readonly convention: StepConvention;
  /** t + s·(cos(πt/2) − 1 + t); −1 puts more points near the noise, 0 leaves them even. Monotone for −1 ≤ s ≤ 2/(π−2). */
  readonly sway: number;
}

/** Times from 0 (noise) to 1 (data). Sway as in F5-TTS (arXiv 2410.06885). Throws if there is no interval or the grid would turn back. */
export function timeGrid({ steps, convention, sway }: TimeGridOptions): Float64Array {
  const intervals = convention === 'points' ? steps - 1 : steps;
  if (!Number.isInteger(intervals) || intervals < 1)
    throw new RangeError(`${steps} steps counted as ${convention} leave ${intervals} intervals; at least 1 is needed.`);
  if (!(sway >= -1 && sway <= 2 / (Math.PI - 2)))
    throw new RangeError(`Sway ${sway} turns time back; allowed are −1 to ${2 / (Math.PI - 2)}.`);
  return Float64Array.from({ length: intervals + 1 }, (_, i) => {
    const t = i / intervals;
    return t + sway * (Math.cos((Math.PI * t) / 2) - 1 + t);
  });
}
