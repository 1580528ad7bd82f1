/** Discrete Fourier transform in place, float64, radix 2. The length must be a power of two. */
export function fft(real: Float64Array, imaginary: Float64Array): void {
  const n = real.length;
  if (n < 1 || (n & (n - 1)) !== 0) throw new RangeError(`The transform needs a power of two, not ${n} points.`);
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      swap(real, i, j);
      swap(imaginary, i, j);
    }
  }
  const { cosine, sine } = twiddles(n);
  for (let length = 2; length <= n; length <<= 1) {
    const [half, stride] = [length >> 1, n / length];
    for (let start = 0; start < n; start += length) {
      for (let k = 0; k < half; k++) {
        const [wr, wi] = [cosine[k * stride] ?? 0, sine[k * stride] ?? 0];
        const [upper, lower] = [start + k, start + k + half];
        const [re, im] = [real[lower] ?? 0, imaginary[lower] ?? 0];
        const turnedReal = re * wr - im * wi;
        const turnedImaginary = re * wi + im * wr;
        real[lower] = (real[upper] ?? 0) - turnedReal;
        imaginary[lower] = (imaginary[upper] ?? 0) - turnedImaginary;
        real[upper] = (real[upper] ?? 0) + turnedReal;
        imaginary[upper] = (imaginary[upper] ?? 0) + turnedImaginary;
      }
    }
  }
}

function swap(values: Float64Array, i: number, j: number): void {
  const held = values[i] ?? 0;
  values[i] = values[j] ?? 0;
  values[j] = held;
}

const tables = new Map<number, { cosine: Float64Array; sine: Float64Array }>();
function twiddles(n: number) {
  const known = tables.get(n);
  if (known) return known;
  const cosine = Float64Array.from({ length: n / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / n));
  const sine = Float64Array.from({ length: n / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / n));
  const table = { cosine, sine };
  tables.set(n, table);
  return table;
}
