import { legacyPermutation } from '../../numeric/mersenne-twister.ts';

const SHUFFLE_SEED = 2020;

/** ln of the softmax of every row of logits [n, classes], float64. */
function logSoftmax(logits: ArrayLike<number>, classes: number): Float64Array {
  const out = Float64Array.from(logits);
  for (let at = 0; at < out.length; at += classes) {
    const row = out.subarray(at, at + classes);
    const most = row.reduce((max, value) => Math.max(max, value), -Infinity);
    const log = most + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
    for (let i = 0; i < classes; i++) row[i] = (row[i] ?? 0) - log;
  }
  return out;
}

/**
 * Kullback–Leibler divergence of class probabilities, original ‖ generated, of every pair of rows of logits [n, classes]: Σ p·(ln p − ln q).
 * The set's figure is their mean. Throws for sets of different sizes.
 */
export function klDivergences(generated: ArrayLike<number>, original: ArrayLike<number>, classes: number): Float64Array {
  if (generated.length !== original.length || original.length % classes !== 0)
    throw new RangeError(`Logits of ${generated.length} and ${original.length} values do not make pairs of ${classes} classes.`);
  const [q, p] = [logSoftmax(generated, classes), logSoftmax(original, classes)];
  return Float64Array.from({ length: p.length / classes }, (_, row) => {
    let sum = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) sum += Math.exp(p[i] ?? 0) * ((p[i] ?? 0) - (q[i] ?? 0));
    return sum;
  });
}

export interface InceptionScore {
  readonly mean: number;
  /** Over the splits, divided by their number. */
  readonly deviation: number;
  readonly splits: readonly number[];
}

/**
 * Inception score (Salimans et al. 2016) of logits [n, classes]: exp of the mean divergence of p(class | clip) to its mean, in `splits` parts of the
 * rows in the order of NumPy's RandomState(2020). undefined for fewer rows than parts, whose empty parts would have no score.
 */
export function inceptionScore(logits: ArrayLike<number>, classes: number, splits = 10): InceptionScore | undefined {
  const count = logits.length / classes;
  if (count < splits) return undefined;
  const log = logSoftmax(logits, classes);
  const order = legacyPermutation(count, SHUFFLE_SEED);
  const scores = Array.from({ length: splits }, (_, part) =>
    scoreOf(log, classes, order.slice(Math.floor((part * count) / splits), Math.floor(((part + 1) * count) / splits))),
  );
  const mean = scores.reduce((sum, score) => sum + score, 0) / splits;
  return { mean, deviation: Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / splits), splits: scores };
}

function scoreOf(log: Float64Array, classes: number, rows: readonly number[]): number {
  const mean = new Float64Array(classes);
  for (const row of rows) for (let i = 0; i < classes; i++) mean[i] = (mean[i] ?? 0) + Math.exp(log[row * classes + i] ?? 0) / rows.length;
  let sum = 0;
  for (const row of rows) {
    for (let i = 0; i < classes; i++) {
      const value = log[row * classes + i] ?? 0;
      const p = Math.exp(value);
      if (p > 0) sum += p * (value - Math.log(mean[i] ?? 0));
    }
  }
  return Math.exp(sum / rows.length);
}
