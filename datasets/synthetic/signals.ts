/** Small sources that the sounds are built from; all add to `out`. */
import { normal } from '../../numeric/random.ts';
import { addPartial } from './piano.ts';

/** Envelope value from seconds since the start. */
export type Envelope = (seconds: number) => number;

/** Rises in `attack`, then falls by a factor e every `decay` seconds. */
export const struck =
  (attack: number, decay: number): Envelope =>
  (t) =>
    t < 0 ? 0 : (t < attack ? t / attack : 1) * Math.exp(-t / decay);

/** Rises and falls smoothly at the borders of `length` seconds. */
export const held =
  (length: number, edge: number): Envelope =>
  (t) =>
    t < 0 || t > length ? 0 : Math.min(1, t / edge, (length - t) / edge);

/** Two-pole resonance; `width` in hertz; unity gain at the centre for noise of about that width. */
export function resonate(input: Float32Array, centre: number, width: number, sampleRate: number): Float32Array {
  const out = new Float32Array(input.length);
  const radius = Math.exp((-Math.PI * width) / sampleRate);
  const a = 2 * radius * Math.cos((2 * Math.PI * centre) / sampleRate);
  const b = -radius * radius;
  const gain = (1 - radius * radius) * Math.sin((2 * Math.PI * Math.min(centre, sampleRate / 4)) / sampleRate);
  let before = 0;
  let now = 0;
  for (let i = 0; i < input.length; i++) {
    const next = gain * (input[i] ?? 0) + a * now + b * before;
    before = now;
    now = next;
    out[i] = next;
  }
  return out;
}

/** One-pole low-pass. */
export function smooth(input: Float32Array, cutoff: number, sampleRate: number): Float32Array {
  const out = new Float32Array(input.length);
  const part = 1 - Math.exp((-2 * Math.PI * cutoff) / sampleRate);
  let state = 0;
  for (let i = 0; i < input.length; i++) {
    state += part * ((input[i] ?? 0) - state);
    out[i] = state;
  }
  return out;
}

export const whiteNoise = (length: number, seed: number, purpose: string): Float32Array => normal({ seed, purpose }, length);

/** Adds `source · envelope` from `start` seconds on. */
export function addShaped(
  out: Float32Array,
  source: Float32Array,
  start: number,
  envelope: Envelope,
  gain: number,
  sampleRate: number,
): void {
  const from = Math.round(start * sampleRate);
  for (let i = Math.max(0, -from); i < source.length && from + i < out.length; i++) {
    out[from + i] = (out[from + i] ?? 0) + gain * envelope(i / sampleRate) * (source[i] ?? 0);
  }
}

/** A tone whose frequency and level are functions of time; partials are [multiple, amplitude]. */
export function addTone(
  out: Float32Array,
  start: number,
  length: number,
  tone: { frequency: (seconds: number) => number; envelope: Envelope; partials: readonly (readonly [number, number])[]; gain: number },
  sampleRate: number,
): void {
  const from = Math.round(start * sampleRate);
  const count = Math.min(Math.round(length * sampleRate), out.length - from);
  let phase = 0;
  for (let i = 0; i < count; i++) {
    const t = i / sampleRate;
    const frequency = tone.frequency(t);
    const level = tone.gain * tone.envelope(t);
    let value = 0;
    for (const [multiple, amplitude] of tone.partials) {
      if (multiple * frequency < 0.45 * sampleRate) value += amplitude * Math.sin(2 * Math.PI * multiple * phase);
    }
    phase += frequency / sampleRate;
    if (phase > 1e4) phase -= 1e4;
    out[from + i] = (out[from + i] ?? 0) + level * value;
  }
}

/** Modes of a struck thing: [hertz, amplitude, seconds to fall by a factor e]. */
export function addModes(
  out: Float32Array,
  start: number,
  modes: readonly (readonly [number, number, number])[],
  gain: number,
  sampleRate: number,
): void {
  const from = Math.round(start * sampleRate);
  for (const [frequency, amplitude, decay] of modes) {
    addPartial(out, from, out.length, {
      amplitude: gain * amplitude,
      omega: (2 * Math.PI * frequency) / sampleRate,
      decay: 1 / (decay * sampleRate),
      phase: 0,
    });
  }
}
