/** A way from values to places on paper, with round marks. */
export interface Scale {
  readonly place: (value: number) => number;
  readonly marks: readonly number[];
}

/** Round numbers (1, 2, 5 × 10ⁿ) inside [low, high], about `count` of them. */
export function roundMarks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999) ?? power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const marks = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(15)));
  // Rounding can lead out of a range that is narrow beside its distance from zero.
  return marks.filter((mark) => mark >= low && mark <= high);
}

export function linearScale(values: readonly number[], from: number, to: number, count: number, padding = 0.06): Scale {
  let [low, high] = extent(values);
  const room = (high - low) * padding || Math.abs(high) * padding || 1;
  if (padding > 0) [low, high] = [low >= 0 && low < room * 2 ? Math.min(low, 0) : low - room, high + room];
  if (low === high) [low, high] = [low - 1, high + 1];
  const span = high - low;
  return { place: (value) => from + ((value - low) / span) * (to - from), marks: roundMarks(low, high, count) };
}

/** undefined if a value is not above zero: then there is no logarithm to draw. */
export function logScale(values: readonly number[], from: number, to: number): Scale | undefined {
  const [least, most] = extent(values);
  if (!(least > 0)) return undefined;
  const [low, high] = [Math.log10(least) - 0.04, Math.log10(most) + 0.04];
  const candidates = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => 10 ** (Math.floor(low) + i)).flatMap((power) =>
    (high - low > 3 ? [1] : high - low > 0.8 ? [1, 2, 5] : [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8]).map((factor) =>
      Number((factor * power).toPrecision(3)),
    ),
  );
  const marks = candidates.filter((mark) => Math.log10(mark) >= low && Math.log10(mark) <= high);
  return { place: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from), marks: thin(marks, 6) };
}

const thin = (marks: readonly number[], most: number): number[] => marks.filter((_, i) => i % Math.ceil(marks.length / most) === 0);

export function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return low <= high ? [low, high] : [0, 1];
}
