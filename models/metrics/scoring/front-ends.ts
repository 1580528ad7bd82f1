import { applyFilters, melFilters } from '../../../numeric/mel.ts';
import { magnitudes } from '../../../numeric/stft.ts';

/** All scoring networks hear mono at this rate. */
export const SCORING_RATE = 16_000;

/** A picture of a sound, [frames, bands] or, for Wav2CLIP, [bins, frames]. */
export interface Picture {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

const BANDS = 64;
const SIZE = 512;
const filterOptions = { sampleRate: SCORING_RATE, size: SIZE, bands: BANDS } as const;

const vggishFilters = melFilters({ ...filterOptions, lowest: 125, highest: 7500, scale: 'htk', straightOn: 'mel' });
/** Frames of an example: 0.96 s. */
export const VGGISH_FRAMES = 96;

/** VGGish (Hershey et al. 2017): ln(mel magnitude + 0.01), windows of 25 ms every 10 ms, nothing added at the ends. [samples] → [frames, 64] */
export function vggishLogMel(samples: ArrayLike<number>): Picture {
  const spectrum = magnitudes(samples, { size: SIZE, hop: 160, window: 400, centred: false });
  const values = applyFilters(vggishFilters, BANDS, spectrum).map((value) => Math.log(value + 0.01));
  return { rows: spectrum.frames, columns: BANDS, values };
}

/** Whole examples of 0.96 s, one after the other, [n, 96, 64]; a sound below 0.975 s has none. */
export function vggishExamples(samples: ArrayLike<number>): { count: number; values: Float64Array } {
  const { rows, values } = vggishLogMel(samples);
  const count = Math.floor(rows / VGGISH_FRAMES);
  return { count, values: values.subarray(0, count * VGGISH_FRAMES * BANDS) };
}

const pannFilters = melFilters({ ...filterOptions, lowest: 50, highest: 8000, scale: 'slaney' });

/** CNN14 at 16 kHz (Kong et al. 2020): mel power in dB, not below −100, windows of 32 ms every 10 ms, centred. [samples] → [1 + ⌊samples/160⌋, 64] */
export function pannLogMel(samples: ArrayLike<number>): Picture {
  const { frames, bins, values } = magnitudes(samples, { size: SIZE, hop: 160 });
  const power = { frames, bins, values: values.map((value) => value * value) };
  return {
    rows: frames,
    columns: BANDS,
    values: applyFilters(pannFilters, BANDS, power).map((value) => 10 * Math.log10(Math.max(1e-10, value))),
  };
}

/** Filters of the two mel front ends as their Python sources keep them, [257, 64]. */
export function filtersOf(name: 'vggish' | 'pann'): Float64Array {
  const filters = name === 'vggish' ? vggishFilters : pannFilters;
  const bins = SIZE / 2 + 1;
  return Float64Array.from(filters, (_, i) => filters[(i % BANDS) * bins + Math.floor(i / BANDS)] ?? 0);
}

/** Wav2CLIP (Wu et al. 2022): ln(power + 1e-7), 32 ms every 353 samples, centred. [samples] → [257, 1 + ⌊samples/353⌋] */
export function wav2clipLogSpectrum(samples: ArrayLike<number>): Picture {
  const { frames, bins, values } = magnitudes(samples, { size: SIZE, hop: 353 });
  const turned = Float64Array.from({ length: bins * frames }, (_, i) => {
    const value = values[(i % frames) * bins + Math.floor(i / frames)] ?? 0;
    return Math.log(value * value + 1e-7);
  });
  return { rows: bins, columns: frames, values: turned };
}

/** To mean 0 and deviation 1 (divided by n − 1) over everything that is given; undefined where nothing varies, as in silence. */
export function standardisedPicture(values: Float64Array): Float64Array | undefined {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  return deviation > 1e-6 ? values.map((value) => (value - mean) / (deviation + 1e-9)) : undefined;
}
