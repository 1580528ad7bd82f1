export interface LogisticModel {
  readonly weights: readonly number[];
  readonly bias: number;
}

/**
 * Logistic regression with a squared penalty on the weights, by gradient descent from zero in float64: the mean log loss is convex and its
 * gradient has a known Lipschitz bound, so that a step of its inverse falls steadily. Rows [n, d] must have about unit deviation; labels are 0 or 1.
 * Without rows every weight is 0. Deterministic.
 */
export function fitLogistic(
  rows: readonly ArrayLike<number>[],
  labels: readonly number[],
  { penalty = 0.01, steps = 2000 }: { readonly penalty?: number; readonly steps?: number } = {},
): LogisticModel {
  const width = rows[0]?.length ?? 0;
  const weights = new Array<number>(width).fill(0);
  let bias = 0;
  const largest = Math.max(0, ...rows.map((row) => Array.from(row).reduce((sum, value) => sum + value * value, 1)));
  const rate = 1 / (0.25 * largest + penalty);
  for (let step = 0; step < steps && rows.length > 0; step++) {
    const slopes = weights.map((weight) => penalty * weight);
    let shift = 0;
    rows.forEach((row, i) => {
      const error = (probability(logOdds({ weights, bias }, row)) - (labels[i] ?? 0)) / rows.length;
      for (let k = 0; k < width; k++) slopes[k] = (slopes[k] ?? 0) + error * (row[k] ?? 0);
      shift += error;
    });
    for (let k = 0; k < width; k++) weights[k] = (weights[k] ?? 0) - rate * (slopes[k] ?? 0);
    bias -= rate * shift;
  }
  return { weights, bias };
}

/** ln(p/(1 − p)) of label 1 for a row [d]. */
export const logOdds = ({ weights, bias }: LogisticModel, row: ArrayLike<number>): number =>
  weights.reduce((sum, weight, k) => sum + weight * (row[k] ?? 0), bias);

const probability = (odds: number): number => 1 / (1 + Math.exp(-odds));
