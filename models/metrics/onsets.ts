import { applyFilters, melFilters } from '../../numeric/mel.ts';
import { magnitudes } from '../../numeric/stft.ts';

/** Everything below works at this rate and hop, as AV-align does: an envelope of 43 frames a second. */
export const ONSET_RATE = 22_050;
const HOP = 512;
const SIZE = 2048;
const BANDS = 128;
/** Frames of the envelope a second. */
export const ENVELOPE_RATE = ONSET_RATE / HOP;

const filters = melFilters({ sampleRate: ONSET_RATE, size: SIZE, bands: BANDS, lowest: 0, highest: ONSET_RATE / 2, scale: 'slaney' });

/**
 * Onset strength as librosa computes it: rises of a mel power spectrogram in dB (cut 80 below the maximum), averaged over bands and moved right by
 * three frames. Samples at 22,050 Hz, [n] → [1 + ⌊n/512⌋].
 */
export function onsetEnvelope(samples: ArrayLike<number>): Float64Array {
  // The frames at the ends see zeros, not a reflection.
  const padded = new Float32Array(samples.length + 2 * SIZE);
  padded.set(samples, SIZE);
  const skipped = SIZE / HOP;
  const spectrum = magnitudes(padded, { size: SIZE, hop: HOP });
  const frames = 1 + Math.floor(samples.length / HOP);
  const power = spectrum.values.subarray(skipped * spectrum.bins, (skipped + frames) * spectrum.bins).map((value) => value * value);
  const decibels = applyFilters(filters, BANDS, { frames, bins: spectrum.bins, values: power }).map(
    (value) => 10 * Math.log10(Math.max(1e-10, value)),
  );
  const least = decibels.reduce((most, value) => Math.max(most, value), -Infinity) - 80;
  const level = (frame: number, band: number) => Math.max(least, decibels[frame * BANDS + band] ?? least);
  return Float64Array.from({ length: frames }, (_, n) => {
    const frame = n - 2;
    if (frame < 1) return 0;
    let rise = 0;
    for (let band = 0; band < BANDS; band++) rise += Math.max(0, level(frame, band) - level(frame - 1, band));
    return rise / BANDS;
  });
}

/** Frames of the envelope at which something begins, by librosa's default peak picking. */
export function pickOnsets(envelope: Float64Array): number[] {
  const least = envelope.reduce((min, value) => Math.min(min, value), Infinity);
  const range = envelope.reduce((max, value) => Math.max(max, value), -Infinity) - least;
  if (!(range > 0)) return [];
  const scaled = envelope.map((value) => (value - least) / range);
  const picked: number[] = [];
  for (let n = 0; n < scaled.length; n++) {
    const around = scaled.subarray(Math.max(0, n - 4), n + 5);
    const value = scaled[n] ?? 0;
    const isHigh = value >= around.reduce((sum, other) => sum + other, 0) / around.length + 0.07;
    const isFirst = n === 0 || value >= (scaled[n - 1] ?? 0);
    if (isHigh && isFirst && picked.at(-1) !== n - 1) picked.push(n);
  }
  return picked;
}
