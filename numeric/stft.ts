import { fft } from './fft.ts';

/** Periodic Hann window. */
export const hann = (length: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length));

export interface StftOptions {
  /** Points of the transform, a power of two. */
  readonly size: number;
  readonly hop: number;
  /** Length of the Hann window, centred in the transform; `size` by default. */
  readonly window?: number;
  /** Frames centred on multiples of the hop, with the sound reflected at its ends (default), or only those whose window lies inside it. */
  readonly centred?: boolean;
}
export interface Spectrogram {
  readonly frames: number;
  readonly bins: number;
  /** [frames, bins] */
  readonly values: Float64Array;
}

/** Magnitudes of the short-time Fourier transform. [samples] → [1 + ⌊samples/hop⌋, size/2 + 1], or [1 + ⌊(samples − window)/hop⌋, …] without centring. */
export function magnitudes(samples: ArrayLike<number>, { size, hop, window = size, centred = true }: StftOptions): Spectrogram {
  const shape = new Float64Array(size);
  shape.set(hann(window), (size - window) >> 1);
  const inside = centred ? samples.length : samples.length - window;
  const [frames, bins] = [Math.max(0, 1 + Math.floor(inside / hop)), size / 2 + 1];
  const before = centred ? size / 2 : (size - window) >> 1;
  const values = new Float64Array(frames * bins);
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  for (let frame = 0; frame < frames; frame++) {
    for (let i = 0; i < size; i++) real[i] = reflected(samples, frame * hop + i - before) * (shape[i] ?? 0);
    imaginary.fill(0);
    fft(real, imaginary);
    for (let bin = 0; bin < bins; bin++) values[frame * bins + bin] = Math.hypot(real[bin] ?? 0, imaginary[bin] ?? 0);
  }
  return { frames, bins, values };
}

/** Sample at an index that may lie outside: mirrored at the ends without repeating the end. */
function reflected(samples: ArrayLike<number>, index: number): number {
  const last = samples.length - 1;
  if (last <= 0) return samples[0] ?? 0;
  let i = index;
  while (i < 0 || i > last) i = i < 0 ? -i : 2 * last - i;
  return samples[i] ?? 0;
}
