/** ‖a − b‖₂ / ‖b‖₂; where b is nearly nothing, the difference by itself, magnified. */
export function distance(a: ArrayLike<number> = [], b: ArrayLike<number> = []): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += ((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN)) ** 2;
    norm += (b[i] ?? Number.NaN) ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(norm), 1e-3);
}
