/** Ears for tests: numbers from sound. */
export const RATE = 24000;

/** Bit for bit. */
export const sameSamples = (a: Float32Array, b: Float32Array): boolean => Buffer.from(a.buffer).equals(Buffer.from(b.buffer));

export function peakOf(samples: Float32Array): number {
  let peak = 0;
  for (const value of samples) peak = Math.max(peak, Math.abs(value));
  return peak;
}

/** Mean level of a stretch in dB below full scale. */
export function level(samples: Float32Array, from: number, until: number): number {
  let sum = 0;
  const [first, last] = [Math.round(from * RATE), Math.min(samples.length, Math.round(until * RATE))];
  for (let i = first; i < last; i++) sum += (samples[i] ?? 0) ** 2;
  return 10 * Math.log10(sum / (last - first) + 1e-12);
}

/** Amplitude at a frequency (Hann window). */
export function amplitudeAt(samples: Float32Array, frequency: number, from: number, until: number): number {
  const [first, last] = [Math.round(from * RATE), Math.min(samples.length, Math.round(until * RATE))];
  let [re, im] = [0, 0];
  for (let i = first; i < last; i++) {
    const weight = 1 - Math.cos((2 * Math.PI * (i - first)) / (last - first));
    const angle = (2 * Math.PI * frequency * i) / RATE;
    re += weight * (samples[i] ?? 0) * Math.cos(angle);
    im += weight * (samples[i] ?? 0) * Math.sin(angle);
  }
  return (2 * Math.hypot(re, im)) / (last - first);
}

/** Where the spectrum peaks near a frequency, within ± `cents`. */
export function peakFrequency(samples: Float32Array, near: number, cents: number, from: number, until: number): number {
  let [best, most] = [0, -1];
  for (let offset = -cents; offset <= cents; offset += 3) {
    const frequency = near * 2 ** (offset / 1200);
    const amplitude = amplitudeAt(samples, frequency, from, until);
    if (amplitude > most) [best, most] = [frequency, amplitude];
  }
  return best;
}

/** Mean frequency weighted by power, from the mean squares of the signal and of its difference. */
export function brightness(samples: Float32Array): number {
  let [power, slope] = [0, 0];
  for (let i = 1; i < samples.length; i++) {
    power += (samples[i] ?? 0) ** 2;
    slope += ((samples[i] ?? 0) - (samples[i - 1] ?? 0)) ** 2;
  }
  return (RATE / Math.PI) * Math.asin(Math.min(1, Math.sqrt(slope / power) / 2));
}

/** What is left after taking twice the difference: strikes stand out of what rings on. */
const edges = (samples: Float32Array) => samples.map((value, i) => 2 * (samples[i - 1] ?? 0) - value - (samples[i - 2] ?? 0));

/** Seconds at which the level of the edges jumps up by 7 dB within a fiftieth of a second. */
export function onsets(samples: Float32Array): number[] {
  const step = 0.01;
  const sharp = edges(samples);
  const levels: number[] = [];
  for (let from = 0; from + step <= sharp.length / RATE; from += step) levels.push(Math.max(-90, level(sharp, from, from + step)));
  const loudest = Math.max(...levels);
  const found: number[] = [];
  levels.forEach((value, i) => {
    const before = Math.max(levels[i - 1] ?? -90, levels[i - 2] ?? -90);
    const at = i * step;
    if (value > before + 7 && value > loudest - 25 && at - (found.at(-1) ?? -1) > 0.1) found.push(at);
  });
  return found;
}
