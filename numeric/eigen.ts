/** Eigenvalues, ascending, and their eigenvectors as columns of a row-major [n,n] matrix. */
export interface Eigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/**
 * Eigen-decomposition of a symmetric matrix [n,n], float64: Householder reduction to a tridiagonal matrix, then implicit QL
 * (Golub & Van Loan, Matrix Computations, ch. 8). O(n³).
 */
export function symmetricEigen(matrix: ArrayLike<number>, n: number): Eigen {
  const a = Float64Array.from({ length: n * n }, (_, i) => matrix[i] ?? 0);
  // `a` becomes the product of the reflections; rows of q are then turned by the QL rotations.
  const { diagonal, off, q } = tridiagonal(a, n);
  implicitQl(diagonal, off, q, n);
  const order = Array.from(diagonal.keys()).sort((i, j) => (diagonal[i] ?? 0) - (diagonal[j] ?? 0));
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    // q holds eigenvectors as rows, which is what the rotations run along.
    for (let row = 0; row < n; row++) vectors[row * n + to] = q[from * n + row] ?? 0;
  });
  return { values: Float64Array.from(order, (i) => diagonal[i] ?? 0), vectors };
}

/** A = Qᵀ·T·Q with T tridiagonal; the rows of Q are the new basis. */
function tridiagonal(a: Float64Array, n: number) {
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  const v = new Float64Array(n);
  const p = new Float64Array(n);
  for (let k = 0; k + 2 < n; k++) {
    let norm = 0;
    for (let i = k + 1; i < n; i++) norm = Math.hypot(norm, a[i * n + k] ?? 0);
    if (norm === 0) continue;
    const first = a[(k + 1) * n + k] ?? 0;
    const alpha = first > 0 ? -norm : norm;
    let squared = 0;
    for (let i = k + 1; i < n; i++) {
      const value = (a[i * n + k] ?? 0) - (i === k + 1 ? alpha : 0);
      v[i] = value;
      squared += value * value;
    }
    if (squared === 0) continue;
    const beta = 2 / squared;
    // A ← H·A·H with H = I − β·v·vᵀ, as a symmetric rank-two update.
    let inner = 0;
    for (let i = k; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += (a[i * n + j] ?? 0) * (v[j] ?? 0);
      p[i] = beta * sum;
      if (i > k) inner += (p[i] ?? 0) * (v[i] ?? 0);
    }
    const half = (beta / 2) * inner;
    v[k] = 0;
    for (let i = k; i < n; i++) p[i] = (p[i] ?? 0) - half * (v[i] ?? 0);
    for (let i = k; i < n; i++) {
      const [vi, pi] = [v[i] ?? 0, p[i] ?? 0];
      for (let j = k; j < n; j++) a[i * n + j] = (a[i * n + j] ?? 0) - vi * (p[j] ?? 0) - pi * (v[j] ?? 0);
    }
    // Q ← H·Q
    for (let j = 0; j < n; j++) p[j] = 0;
    for (let i = k + 1; i < n; i++) for (let j = 0; j < n; j++) p[j] = (p[j] ?? 0) + (v[i] ?? 0) * (q[i * n + j] ?? 0);
    for (let i = k + 1; i < n; i++) {
      const scale = beta * (v[i] ?? 0);
      for (let j = 0; j < n; j++) q[i * n + j] = (q[i * n + j] ?? 0) - scale * (p[j] ?? 0);
    }
  }
  const diagonal = Float64Array.from({ length: n }, (_, i) => a[i * n + i] ?? 0);
  const off = Float64Array.from({ length: n }, (_, i) => (i + 1 < n ? (a[(i + 1) * n + i] ?? 0) : 0));
  return { diagonal, off, q };
}

const LARGEST_ITERATIONS = 60;

/** Diagonalises T in place by shifted QL rotations, applied to the rows of q as well. */
function implicitQl(d: Float64Array, e: Float64Array, q: Float64Array, n: number): void {
  // Against the whole matrix, not the neighbours: in a null space all entries are rounding, and none would ever be small beside another.
  const negligible = Number.EPSILON * d.reduce((most, value, i) => Math.max(most, Math.abs(value) + Math.abs(e[i] ?? 0)), 0);
  for (let l = 0; l < n; l++) {
    for (let iteration = 0; ; iteration++) {
      let m = l;
      while (m + 1 < n && Math.abs(e[m] ?? 0) > negligible) m++;
      if (m === l) break;
      if (iteration === LARGEST_ITERATIONS) throw new RangeError('The eigenvalues do not converge; is the matrix finite and symmetric?');
      const dl = d[l] ?? 0;
      const el = e[l] ?? 0;
      let g = ((d[l + 1] ?? 0) - dl) / (2 * el);
      const r = Math.hypot(g, 1);
      g = (d[m] ?? 0) - dl + el / (g + (g >= 0 ? r : -r));
      let [s, c, shift] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * (e[i] ?? 0);
        const b = c * (e[i] ?? 0);
        const radius = Math.hypot(f, g);
        e[i + 1] = radius;
        if (radius === 0) {
          d[i + 1] = (d[i + 1] ?? 0) - shift;
          e[m] = 0;
          break;
        }
        s = f / radius;
        c = g / radius;
        g = (d[i + 1] ?? 0) - shift;
        const t = ((d[i] ?? 0) - g) * s + 2 * c * b;
        shift = s * t;
        d[i + 1] = g + shift;
        g = c * t - b;
        rotateRows(q, n, i, c, s);
      }
      if (i >= l) continue;
      d[l] = (d[l] ?? 0) - shift;
      e[l] = g;
      e[m] = 0;
    }
  }
}

function rotateRows(q: Float64Array, n: number, i: number, c: number, s: number): void {
  for (let k = 0; k < n; k++) {
    const [upper, lower] = [q[i * n + k] ?? 0, q[(i + 1) * n + k] ?? 0];
    q[(i + 1) * n + k] = s * upper + c * lower;
    q[i * n + k] = c * upper - s * lower;
  }
}
