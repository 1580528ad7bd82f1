/** Resizes rows [from,columns] to [to,columns] along straight lines, centres on centres, as torch's bilinear without antialiasing. */
export function interpolate(rows: Float32Array, columns: number, to: number): Float32Array {
  const from = rows.length / columns;
  const out = new Float32Array(to * columns);
  for (let row = 0; row < to; row++) {
    const at = Math.max(0, ((row + 0.5) * from) / to - 0.5);
    const [first, second] = [Math.floor(at), Math.min(Math.floor(at) + 1, from - 1)];
    const share = at - first;
    for (let column = 0; column < columns; column++)
      out[row * columns + column] = (1 - share) * (rows[first * columns + column] ?? 0) + share * (rows[second * columns + column] ?? 0);
  }
  return out;
}

/** The cubic with a = −0.75, which torch takes. */
function cubic(x: number): number {
  const [a, t] = [-0.75, Math.abs(x)];
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

/** Matrix [to,from] of a cubic interpolation, ends on ends, as torch's bicubic with aligned corners: places outside count as the end. */
export function cubicMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let row = 0; row < to; row++) {
    const at = (row * (from - 1)) / (to - 1);
    for (let tap = Math.floor(at) - 1; tap <= Math.floor(at) + 2; tap++) {
      const place = row * from + Math.min(from - 1, Math.max(0, tap));
      matrix[place] = (matrix[place] ?? 0) + cubic(at - tap);
    }
  }
  return matrix;
}
