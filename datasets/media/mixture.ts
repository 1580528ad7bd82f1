/** Two captioned sounds at once: for training on more than one event (Tokozume et al. 2018; the rule of TANGO and of the released code). */
import { aWeighting } from '../../numeric/a-weighting.ts';
import { fft } from '../../numeric/fft.ts';
import { hann } from '../../numeric/stft.ts';

const WINDOW_SECONDS = 0.128;
/** Where nothing is heard; full scale lies near +60. */
const FLOOR = -80;
/** Peak below which a sound is silent. */
const AUDIBLE = 1e-4;
/** Of each caption, as the method cuts them. */
const CAPTION_WORDS = 20;
/** What a joined caption may have. */
export const MIXTURE_WORDS = 2 * CAPTION_WORDS + 1;

/** A-weighted energy in dB of the loudest 128 ms of a sound; only differences mean something. At least −80. */
export function loudness(samples: Float32Array, sampleRate: number): number {
  const window = Math.round(WINDOW_SECONDS * sampleRate);
  const size = 2 ** Math.ceil(Math.log2(window));
  const shape = hann(window);
  const weights = Float64Array.from({ length: size / 2 + 1 }, (_, bin) => 10 ** (aWeighting((bin * sampleRate) / size) / 10));
  const [real, imaginary] = [new Float64Array(size), new Float64Array(size)];
  let most = 0;
  for (let start = 0; start < samples.length; start += window >> 1) {
    real.fill(0);
    imaginary.fill(0);
    for (let i = 0; i < window; i++) real[i] = (shape[i] ?? 0) * (samples[start + i] ?? 0);
    fft(real, imaginary);
    const energy = weights.reduce((sum, weight, bin) => sum + weight * ((real[bin] ?? 0) ** 2 + (imaginary[bin] ?? 0) ** 2), 0);
    most = Math.max(most, energy);
  }
  return Math.max(FLOOR, 10 * Math.log10(most));
}

export const isSilent = (samples: Float32Array): boolean => samples.every((value) => Math.abs(value) < AUDIBLE);

/** Factor of the first of two sounds of these loudnesses in dB, so that it is heard as `ratio` of the mixture; 1 − it is the second one's. */
export const mixingShare = (first: number, second: number, ratio = 0.5): number =>
  1 / (1 + 10 ** ((first - second) / 20) * ((1 - ratio) / ratio));

/** Both sounds from the start, equally loud to the ear, with the energy of one. As long as the longer one. */
export function mixSounds(first: Float32Array, second: Float32Array, sampleRate: number): Float32Array {
  const share = mixingShare(loudness(first, sampleRate), loudness(second, sampleRate));
  const energy = Math.hypot(share, 1 - share);
  return Float32Array.from(
    { length: Math.max(first.length, second.length) },
    (_, i) => (share * (first[i] ?? 0) + (1 - share) * (second[i] ?? 0)) / energy,
  );
}

/** `A dog barks.` and `A bell rings` → `A dog barks and a bell rings`; at most 20 words of each. */
export function joinCaptions(first: string, second: string): string {
  const cut = (caption: string) =>
    caption
      .trim()
      .replace(/[\s.,;!?]+$/, '')
      .split(/\s+/)
      .slice(0, CAPTION_WORDS)
      .join(' ');
  const following = cut(second);
  return `${cut(first)} and ${following.slice(0, 1).toLowerCase()}${following.slice(1)}`;
}
