/** `htk`: 2595·log10(1 + f/700), unit peaks; `slaney`: linear below 1 kHz, logarithmic above, unit area. */
export type MelScale = 'htk' | 'slaney';

const SLANEY_STEP = 200 / 3;
const SLANEY_LOG = Math.log(6.4) / 27;
const toMel = (scale: MelScale, hz: number): number => {
  if (scale === 'htk') return 2595 * Math.log10(1 + hz / 700);
  return hz < 1000 ? hz / SLANEY_STEP : 15 + Math.log(hz / 1000) / SLANEY_LOG;
};
const toHz = (scale: MelScale, mel: number): number => {
  if (scale === 'htk') return 700 * (10 ** (mel / 2595) - 1);
  return mel < 15 ? mel * SLANEY_STEP : 1000 * Math.exp((mel - 15) * SLANEY_LOG);
};

export interface MelOptions {
  readonly sampleRate: number;
  /** Points of the Fourier transform. */
  readonly size: number;
  readonly bands: number;
  readonly lowest: number;
  readonly highest: number;
  readonly scale: MelScale;
  /** Axis on which the sides of the triangles are straight; `hz` by default. */
  readonly straightOn?: 'hz' | 'mel';
}

/** Triangular filters [bands, size/2 + 1] over the bins of a Fourier transform. */
export function melFilters({ sampleRate, size, bands, lowest, highest, scale, straightOn = 'hz' }: MelOptions): Float64Array {
  const bins = size / 2 + 1;
  const [from, to] = [toMel(scale, lowest), toMel(scale, highest)];
  const onAxis = (hz: number) => (straightOn === 'mel' ? toMel(scale, hz) : hz);
  const edges = Array.from({ length: bands + 2 }, (_, i) => onAxis(toHz(scale, from + ((to - from) * i) / (bands + 1))));
  const filters = new Float64Array(bands * bins);
  for (let band = 0; band < bands; band++) {
    const [left, centre, right] = [edges[band] ?? 0, edges[band + 1] ?? 0, edges[band + 2] ?? 0];
    const area = scale === 'slaney' ? 2 / (right - left) : 1;
    for (let bin = 0; bin < bins; bin++) {
      const at = onAxis((bin * sampleRate) / size);
      filters[band * bins + bin] = area * Math.max(0, Math.min((at - left) / (centre - left), (right - at) / (right - centre)));
    }
  }
  return filters;
}

/** Filters applied to every frame: [frames, bins] → [frames, bands]. */
export function applyFilters(
  filters: Float64Array,
  bands: number,
  spectrogram: { frames: number; bins: number; values: ArrayLike<number> },
): Float64Array {
  const { frames, bins, values } = spectrogram;
  const out = new Float64Array(frames * bands);
  for (let band = 0; band < bands; band++) {
    for (let bin = 0; bin < bins; bin++) {
      const weight = filters[band * bins + bin] ?? 0;
      if (weight === 0) continue;
      for (let frame = 0; frame < frames; frame++)
        out[frame * bands + band] = (out[frame * bands + band] ?? 0) + weight * (values[frame * bins + bin] ?? 0);
    }
  }
  return out;
}
