import { symmetricEigen } from '../../numeric/eigen.ts';
import { meanAndCovariance } from '../../numeric/statistics.ts';

export interface FrechetDistance {
  readonly distance: number;
  /** Tr(C₁) + Tr(C₂): the scale of rounding errors. */
  readonly traces: number;
  /** Why the number should be read with care. */
  readonly warning?: string;
}

/** Name under which the distance on this project's codec latents is reported; it is not FAD, which needs VGGish. */
export const FRECHET_CODEC_LATENT = 'frechet-codec-latent';

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const left = a[i * n + k] ?? 0;
      if (left === 0) continue;
      for (let j = 0; j < n; j++) out[i * n + j] = (out[i * n + j] ?? 0) + left * (b[k * n + j] ?? 0);
    }
  }
  return out;
}

/** Root of a symmetric positive semi-definite matrix; negative eigenvalues are rounding and count as 0. */
function root(matrix: Float64Array, n: number): Float64Array {
  const { values, vectors } = symmetricEigen(matrix, n);
  const scaled = new Float64Array(n * n);
  const transposed = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      scaled[i * n + j] = (vectors[i * n + j] ?? 0) * Math.sqrt(Math.max(0, values[j] ?? 0));
      transposed[j * n + i] = vectors[i * n + j] ?? 0;
    }
  }
  return product(scaled, transposed, n);
}

/** Tr (C₁·C₂)^½ by the symmetric form Tr (R·C₂·R)^½, R = C₁^½. */
function sharedOfMany(first: Float64Array, second: Float64Array, n: number): number {
  const r = root(first, n);
  return traceOfRoot(product(product(r, second, n), r, n), n);
}

/** Tr (C₁·C₂)^½ of centred rows a, b that are divided by √(n − 1): with C = aᵀa it is the sum of the singular values of a·bᵀ, which has few rows. */
function sharedOfFew(a: Float64Array, b: Float64Array, width: number): number {
  const [few, many] = a.length <= b.length ? [a, b] : [b, a];
  const [rows, columns] = [few.length / width, many.length / width];
  const between = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) between[i * columns + j] = inner(few, i, many, j, width);
  const gram = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) for (let j = 0; j < rows; j++) gram[i * rows + j] = inner(between, i, between, j, columns);
  return traceOfRoot(gram, rows);
}

function inner(a: Float64Array, i: number, b: Float64Array, j: number, width: number): number {
  let sum = 0;
  for (let k = 0; k < width; k++) sum += (a[i * width + k] as number) * (b[j * width + k] as number);
  return sum;
}

function centred(rows: ArrayLike<number>, mean: Float64Array): Float64Array {
  const scale = 1 / Math.sqrt(rows.length / mean.length - 1);
  return Float64Array.from(rows, (value, i) => scale * (value - (mean[i % mean.length] ?? 0)));
}

/** Sum of the roots of the eigenvalues of a matrix that is symmetric but for rounding. */
function traceOfRoot(matrix: Float64Array, n: number): number {
  const symmetric = matrix.map((value, i) => (value + (matrix[(i % n) * n + Math.floor(i / n)] ?? 0)) / 2);
  return symmetricEigen(symmetric, n).values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
}

/**
 * Fréchet distance of two sets of rows [n, dimensions] seen as Gaussians, float64, symmetric form:
 * ‖μ₁−μ₂‖² + Tr C₁ + Tr C₂ − 2·Tr (R·C₂·R)^½ with R = C₁^½. Covariances are divided by n − 1. O(d³), or O(n²·d) for fewer rows than dimensions.
 * Throws if a set has fewer than two rows or a value is not finite.
 */
export function frechetDistance(first: ArrayLike<number>, second: ArrayLike<number>, dimensions: number): FrechetDistance {
  const [a, b] = [meanAndCovariance(first, dimensions), meanAndCovariance(second, dimensions)];
  if (a.count < 2 || b.count < 2)
    throw new RangeError(`A Fréchet distance needs two rows in each set; there are ${a.count} and ${b.count}.`);
  let distance = 0;
  let traces = 0;
  for (let i = 0; i < dimensions; i++) {
    distance += ((a.mean[i] ?? 0) - (b.mean[i] ?? 0)) ** 2;
    traces += (a.covariance[i * dimensions + i] ?? 0) + (b.covariance[i * dimensions + i] ?? 0);
  }
  if (!Number.isFinite(distance + traces)) throw new RangeError('A Fréchet distance needs finite values.');
  const shared =
    Math.min(a.count, b.count) <= dimensions
      ? sharedOfFew(centred(first, a.mean), centred(second, b.mean), dimensions)
      : sharedOfMany(a.covariance, b.covariance, dimensions);
  const rows = Math.min(a.count, b.count);
  const warning =
    rows <= dimensions ? `${rows} rows for ${dimensions} dimensions: the covariance is singular, compare with care` : undefined;
  return { distance: distance + traces - 2 * shared, traces, ...(warning && { warning }) };
}
