import { magnitudes } from '../../numeric/stft.ts';

/** Piano keys, and the MIDI number of the lowest. */
const KEYS = 88;
const LOWEST_PITCH = 21;

/**
 * A transcriber without training: every frame's spectrum is explained as a non-negative sum of 88 harmonic templates
 * (Lee & Seung 2001, Kullback–Leibler), and a note sounds from a rise of its strength until it has decayed.
 * It judges clean piano well enough to compare sounds with each other; it is no match for learned transcribers.
 */
export interface TranscriberOptions {
  readonly sampleRate: number;
  /** Frames a second of the roll. */
  readonly frameRate: number;
  /** Points of the spectrum; 170 ms at 24 kHz, which tells semitones apart from about 100 Hz. */
  readonly size: number;
  readonly highest: number;
  readonly iterations: number;
  /** Strength of harmonic n falls as n^−slope. */
  readonly slope: number;
  /** f_n = n·f·√(1 + B·n²) with B = inharmonicity·2^((pitch − 60)/12 · 0.7). */
  readonly inharmonicity: number;
  /** A note begins above this part of the clip's strongest one, … */
  readonly onset: number;
  /** … must rise by this factor within `rise` frames to begin … */
  readonly rise: number;
  /** … and ends below this part of its own peak, or of the clip's strongest. */
  readonly release: number;
  readonly floor: number;
}
export const TRANSCRIBER: TranscriberOptions = {
  sampleRate: 24_000,
  frameRate: 75,
  size: 4096,
  highest: 5000,
  iterations: 25,
  slope: 1.2,
  inharmonicity: 4e-4,
  onset: 0.12,
  rise: 1.3,
  release: 0.015,
  floor: 0.01,
};

/** Spectral template of a key (or of noise, key −1) as the bins it touches; sums to 1. */
export interface Template {
  readonly key: number;
  readonly bins: Uint16Array;
  readonly weights: Float64Array;
}

const binCount = ({ highest, size, sampleRate }: TranscriberOptions) => Math.floor((highest * size) / sampleRate);

/** Weights below this part of the template are left out. */
const NEGLIGIBLE = 3e-4;
function sparse(key: number, dense: Float64Array): Template {
  const total = dense.reduce((sum, value) => sum + value, 0);
  const bins = Uint16Array.from(dense.keys()).filter((bin) => (dense[bin] ?? 0) > NEGLIGIBLE * total);
  const kept = bins.reduce((sum, bin) => sum + (dense[bin] ?? 0), 0);
  return { key, bins, weights: Float64Array.from(bins, (bin) => (dense[bin] ?? 0) / kept) };
}

/** Broad bumps that take up hammer and codec noise. */
function noiseTemplates(options: TranscriberOptions): Template[] {
  const [count, bumps] = [binCount(options), 10];
  return Array.from({ length: bumps }, (_, bump) =>
    sparse(
      -1,
      Float64Array.from({ length: count }, (_, bin) => Math.max(0, 1 - Math.abs((bin / count) ** 0.5 * bumps - bump - 0.5))),
    ),
  );
}

/** Templates from the physics of strings alone: harmonics that fall as n^−slope, a little sharp. */
export function harmonicTemplates(options: TranscriberOptions = TRANSCRIBER): Template[] {
  const { sampleRate, size, slope, inharmonicity } = options;
  const width = sampleRate / size;
  const count = binCount(options);
  const templates: Template[] = [];
  for (let key = 0; key < KEYS; key++) {
    const pitch = key + LOWEST_PITCH;
    const fundamental = 440 * 2 ** ((pitch - 69) / 12);
    const stiffness = inharmonicity * 2 ** (((pitch - 60) / 12) * 0.7);
    const dense = new Float64Array(count);
    for (let n = 1; n <= 30; n++) {
      const centre = (n * fundamental * Math.sqrt(1 + stiffness * n * n)) / width;
      if (centre >= count - 2) break;
      // Main lobe of a Hann window: ±2 bins.
      for (let bin = Math.max(0, Math.ceil(centre - 2)); bin <= Math.floor(centre + 2); bin++) {
        dense[bin] = (dense[bin] ?? 0) + n ** -slope * 0.5 * (1 + Math.cos((Math.PI * (bin - centre)) / 2));
      }
    }
    templates.push(sparse(key, dense));
  }
  return [...templates, ...noiseTemplates(options)];
}

/** Strength of every key in every frame, [frames, 88]; unthresholded. samples are mono at `sampleRate`. */
function keyStrengths(
  samples: ArrayLike<number>,
  templates: readonly Template[],
  options: TranscriberOptions = TRANSCRIBER,
): { frames: number; strengths: Float64Array } {
  const spectrum = magnitudes(samples, { size: options.size, hop: Math.round(options.sampleRate / options.frameRate) });
  const count = binCount(options);
  const strengths = new Float64Array(spectrum.frames * KEYS);
  const model = new Float64Array(count);
  const gains = new Float64Array(templates.length);
  for (let frame = 0; frame < spectrum.frames; frame++) {
    const observed = spectrum.values.subarray(frame * spectrum.bins, frame * spectrum.bins + count);
    const total = observed.reduce((sum, value) => sum + value, 0);
    if (total <= 1e-6) continue;
    gains.fill(total / templates.length);
    for (let iteration = 0; iteration < options.iterations; iteration++) updateGains(templates, observed, model, gains);
    templates.forEach(({ key }, k) => {
      if (key >= 0) strengths[frame * KEYS + key] = (strengths[frame * KEYS + key] ?? 0) + (gains[k] ?? 0);
    });
  }
  return { frames: spectrum.frames, strengths };
}

/** One multiplicative update g ← g·Wᵀ(v/Wg), for templates that sum to 1. */
function updateGains(templates: readonly Template[], observed: Float64Array, model: Float64Array, gains: Float64Array): void {
  model.fill(1e-9);
  templates.forEach(({ bins, weights }, k) => {
    const gain = gains[k] ?? 0;
    for (let i = 0; i < bins.length; i++) {
      const bin = bins[i] as number;
      model[bin] = (model[bin] as number) + gain * (weights[i] as number);
    }
  });
  for (let bin = 0; bin < model.length; bin++) model[bin] = (observed[bin] as number) / (model[bin] as number);
  templates.forEach(({ bins, weights }, k) => {
    let sum = 0;
    for (let i = 0; i < bins.length; i++) sum += (weights[i] as number) * (model[bins[i] as number] as number);
    gains[k] = (gains[k] ?? 0) * sum;
  });
}

/** Sound to piano roll [frames, 88] of zeros and ones at `frameRate`; frame k is centred at k/frameRate seconds. */
export function transcribe(
  samples: ArrayLike<number>,
  templates: readonly Template[] = harmonicTemplates(),
  options: TranscriberOptions = TRANSCRIBER,
): { frames: number; roll: Uint8Array } {
  const { frames, strengths } = keyStrengths(samples, templates, options);
  return { frames, roll: trackNotes(strengths, frames, options) };
}

/** Notes out of strengths: on at a rise above the threshold, off when decayed. */
function trackNotes(strengths: Float64Array, frames: number, { onset, rise, release, floor }: TranscriberOptions): Uint8Array {
  const roll = new Uint8Array(frames * KEYS);
  const strongest = strengths.reduce((most, value) => Math.max(most, value), 0);
  for (let key = 0; key < KEYS; key++) {
    let peak = 0;
    for (let frame = 0; frame < frames; frame++) {
      const strength = strengths[frame * KEYS + key] ?? 0;
      if (peak === 0) {
        const before = strengths[Math.max(0, frame - 3) * KEYS + key] ?? 0;
        if (strength >= onset * strongest && (strength >= rise * before || frame === 0)) peak = strength;
      } else {
        peak = Math.max(peak, strength);
        if (strength < release * peak || strength < floor * strongest) peak = 0;
      }
      if (peak > 0) roll[frame * KEYS + key] = 1;
    }
  }
  return roll;
}
