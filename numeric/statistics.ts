export const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean and variance of vectors in one pass (Welford 1962), float64. */
export interface RunningStatistics {
  add(values: ArrayLike<number>): void;
  readonly count: number;
  mean(): Float64Array;
  /** Population standard deviation, divided by n. */
  deviation(): Float64Array;
  /** Sum of squared distances from the mean. */
  squares(): Float64Array;
}

/** Throws if a value is not finite, naming its dimension: one NaN would silently spoil all that follows. */
export function welford(dimensions: number): RunningStatistics {
  let count = 0;
  const mean = new Float64Array(dimensions);
  const squares = new Float64Array(dimensions);
  return {
    add(values) {
      count++;
      for (let i = 0; i < dimensions; i++) {
        const value = values[i] ?? Number.NaN;
        if (!Number.isFinite(value)) throw new RangeError(`Value ${value} in dimension ${i} of vector ${count - 1}.`);
        const before = value - (mean[i] ?? 0);
        mean[i] = (mean[i] ?? 0) + before / count;
        squares[i] = (squares[i] ?? 0) + before * (value - (mean[i] ?? 0));
      }
    },
    get count() {
      return count;
    },
    mean: () => mean.slice(),
    deviation: () => squares.map((value) => Math.sqrt(value / Math.max(1, count))),
    squares: () => squares.slice(),
  };
}

/** Mean [d] and covariance [d,d] (divided by n − 1) of rows [n,d], float64, two passes. */
export function meanAndCovariance(
  rows: ArrayLike<number>,
  dimensions: number,
): { count: number; mean: Float64Array; covariance: Float64Array } {
  const count = rows.length / dimensions;
  const mean = new Float64Array(dimensions);
  for (let row = 0; row < count; row++)
    for (let i = 0; i < dimensions; i++) mean[i] = (mean[i] ?? 0) + (rows[row * dimensions + i] ?? 0) / count;
  const covariance = new Float64Array(dimensions * dimensions);
  const centred = new Float64Array(dimensions);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < dimensions; i++) centred[i] = (rows[row * dimensions + i] ?? 0) - (mean[i] ?? 0);
    for (let i = 0; i < dimensions; i++) {
      const left = centred[i] ?? 0;
      for (let j = i; j < dimensions; j++)
        covariance[i * dimensions + j] = (covariance[i * dimensions + j] ?? 0) + left * (centred[j] ?? 0);
    }
  }
  for (let i = 0; i < dimensions; i++) {
    for (let j = i; j < dimensions; j++) {
      const value = (covariance[i * dimensions + j] ?? 0) / (count - 1);
      covariance[i * dimensions + j] = value;
      covariance[j * dimensions + i] = value;
    }
  }
  return { count, mean, covariance };
}
