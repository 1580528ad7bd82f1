import { encodePng } from './png.ts';
import type { Pcm } from './wav.ts';

/** Log-mel energies of a sound; time runs first. */
export interface MelPicture {
  /** [columns × bands], in dB relative to a full-scale sine. */
  readonly decibels: Float32Array;
  readonly columns: number;
  readonly bands: number;
  readonly highestHz: number;
}

const bands = 112;
const columnsAimedAt = 448;
const windowSamples = 1024;
/** Quieter than this below the loudest is drawn black. */
const range = 72;
const floor = -140;

const mel = (hz: number): number => 2595 * Math.log10(1 + hz / 700);
const hertz = (value: number): number => 700 * (10 ** (value / 2595) - 1);

/** Short-time spectrum (Hann window, 1024 samples) on a mel scale (HTK) up to 12 kHz or half the rate. Pure. */
export function melPicture({ samples, rate }: Pcm): MelPicture {
  const highestHz = Math.min(12_000, rate / 2);
  const hop = Math.max(1, Math.floor(samples.length / columnsAimedAt));
  const columns = Math.max(1, Math.ceil(samples.length / hop));
  const filters = melFilters(rate, highestHz);
  const window = Float64Array.from({ length: windowSamples }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / windowSamples));
  const decibels = new Float32Array(columns * bands);
  const real = new Float64Array(windowSamples);
  const imaginary = new Float64Array(windowSamples);
  for (let column = 0; column < columns; column++) {
    const start = column * hop - windowSamples / 2;
    for (let i = 0; i < windowSamples; i++) real[i] = (samples[start + i] ?? 0) * (window[i] ?? 0);
    imaginary.fill(0);
    transform(real, imaginary);
    filters.forEach(({ first, weights }, band) => {
      let energy = 0;
      weights.forEach((weight, i) => {
        const re = real[first + i] ?? 0;
        const im = imaginary[first + i] ?? 0;
        energy += weight * (re * re + im * im);
      });
      // A full-scale sine in the middle of a Hann window has the magnitude windowSamples / 4.
      decibels[column * bands + band] = Math.max(floor, 10 * Math.log10(energy / (windowSamples / 4) ** 2 + 1e-14));
    });
  }
  return { decibels, columns, bands, highestHz };
}

/** Triangles between band edges that are equally far apart in mel; at least one bin each. */
function melFilters(rate: number, highestHz: number): { first: number; weights: number[] }[] {
  const edge = (i: number): number => (hertz((mel(highestHz) * i) / (bands + 1)) * windowSamples) / rate;
  return Array.from({ length: bands }, (_, band) => {
    const [low, middle, high] = [edge(band), edge(band + 1), edge(band + 2)];
    const first = Math.min(Math.round(middle), Math.ceil(low));
    const last = Math.max(Math.round(middle), Math.floor(high));
    const weights = Array.from({ length: last - first + 1 }, (_, i) => {
      const bin = first + i;
      return Math.max(0, bin < middle ? (bin - low) / (middle - low) : (high - bin) / (high - middle));
    });
    return {
      first,
      weights: weights.some((weight) => weight > 0.05) ? weights : weights.map((_, i) => (first + i === Math.round(middle) ? 1 : 0)),
    };
  });
}

/** Discrete Fourier transform in place; the length is a power of two (Cooley and Tukey, decimation in time). */
export function transform(real: Float64Array, imaginary: Float64Array): void {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j] ?? 0, real[i] ?? 0];
      [imaginary[i], imaginary[j]] = [imaginary[j] ?? 0, imaginary[i] ?? 0];
    }
  }
  const turns = unitRoots(n);
  for (let size = 2; size <= n; size *= 2) {
    const half = size / 2;
    for (let k = 0; k < half; k++) {
      const cos = turns.cos[(k * n) / size] ?? 1;
      const sin = turns.sin[(k * n) / size] ?? 0;
      for (let a = k; a < n; a += size) {
        const b = a + half;
        const [re, im] = [real[b] ?? 0, imaginary[b] ?? 0];
        const [tr, ti] = [re * cos - im * sin, re * sin + im * cos];
        const [ar, ai] = [real[a] ?? 0, imaginary[a] ?? 0];
        real[b] = ar - tr;
        imaginary[b] = ai - ti;
        real[a] = ar + tr;
        imaginary[a] = ai + ti;
      }
    }
  }
}

interface Roots {
  readonly cos: Float64Array;
  readonly sin: Float64Array;
}
const rootsByLength = new Map<number, Roots>();

/** exp(−2πik/n) for k below n/2. */
function unitRoots(n: number): Roots {
  const known = rootsByLength.get(n);
  if (known !== undefined) return known;
  const angles = Float64Array.from({ length: n / 2 }, (_, k) => (-2 * Math.PI * k) / n);
  const roots = { cos: angles.map(Math.cos), sin: angles.map(Math.sin) };
  rootsByLength.set(n, roots);
  return roots;
}

export const loudest = ({ decibels }: MelPicture): number => decibels.reduce((most, value) => Math.max(most, value), floor);

/** The picture as PNG, low notes at the bottom. `top` (dB) is drawn brightest: pictures with the same `top` can be compared. */
export function drawSpectrogram(picture: MelPicture, top: number = loudest(picture)): Buffer {
  const { decibels, columns } = picture;
  const pixels = new Uint8Array(columns * bands);
  for (let column = 0; column < columns; column++) {
    for (let band = 0; band < bands; band++) {
      const level = 1 + ((decibels[column * bands + band] ?? floor) - top) / range;
      pixels[(bands - 1 - band) * columns + column] = top <= floor ? 0 : Math.round(255 * Math.min(1, Math.max(0, level)));
    }
  }
  return encodePng(pixels, columns, bands, palette);
}

/** Root mean square in dB relative to full scale; silence is -140. */
export function level({ samples }: Pcm): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 || sum === 0 ? floor : Math.max(floor, 10 * Math.log10(sum / samples.length));
}

/** Brightness rises evenly, so that the picture reads the same without colours. */
const stops = [
  [12, 14, 22],
  [24, 30, 62],
  [46, 42, 104],
  [92, 52, 128],
  [146, 62, 128],
  [198, 82, 106],
  [234, 120, 82],
  [250, 176, 92],
  [254, 240, 190],
] as const;

const palette = Uint8Array.from({ length: 768 }, (_, i) => {
  const at = (Math.floor(i / 3) / 255) * (stops.length - 1);
  const left = stops[Math.min(stops.length - 2, Math.floor(at))] ?? stops[0];
  const right = stops[Math.min(stops.length - 1, Math.floor(at) + 1)] ?? stops[0];
  const share = at - Math.min(stops.length - 2, Math.floor(at));
  const channel = i % 3;
  return Math.round((left[channel] ?? 0) * (1 - share) + (right[channel] ?? 0) * share);
});
