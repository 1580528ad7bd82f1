/**
 * A piano as sums of damped sinusoids. Partial n of a string lies at n·f0·√(1 + B n²) (Fletcher 1964); two strings a
 * note, one decaying fast and one slowly, give the double decay (Weinreich 1977). Each partial is one two-pole
 * recursion, so a second of a note costs far below a millisecond.
 */
import { normal } from '../../numeric/random.ts';
import type { Note, Span } from '../midi/performance.ts';
import type { Pianist, Timbre } from './pianists.ts';

export interface RenderOptions {
  readonly sampleRate: number;
  readonly seconds: number;
  /** Chance in hammer noise and phases. */
  readonly seed: number;
}

/** Partials end at this amplitude: −80 dB below full scale. */
const SILENCE = 1e-4;
const MAX_PARTIALS = 20;

export const pitchFrequency = (pitch: number) => 440 * 2 ** ((pitch - 69) / 12);

/** Adds amplitude·e^(−decay·t)·sin(ωt + phase) from `from` on, until it is inaudible or `until`. */
export function addPartial(
  out: Float32Array | Float64Array,
  from: number,
  until: number,
  partial: { amplitude: number; omega: number; decay: number; phase: number },
): void {
  const { amplitude, omega, decay, phase } = partial;
  if (Math.abs(amplitude) <= SILENCE || omega >= Math.PI) return;
  const audible = decay > 0 ? Math.ceil(Math.log(Math.abs(amplitude) / SILENCE) / decay) : until;
  const end = Math.min(until, from + audible);
  const radius = Math.exp(-decay);
  const a = 2 * radius * Math.cos(omega);
  const b = -radius * radius;
  let before = (amplitude * Math.sin(phase - omega)) / radius;
  let now = amplitude * Math.sin(phase);
  for (let i = from; i < end; i++) {
    out[i] = (out[i] ?? 0) + now;
    const next = a * now + b * before;
    before = now;
    now = next;
  }
}

/** Gain of the case at a frequency. */
function bodyGain(timbre: Timbre, frequency: number): number {
  let decibel = 0;
  for (const [centre, gain, width] of timbre.body) decibel += gain * Math.exp(-((Math.log2(frequency / centre) / width) ** 2));
  return 10 ** (decibel / 20);
}

/** A struck string pair without damper, from sample 0 of `out` on. */
function strike(out: Float64Array, note: Note, timbre: Timbre, sampleRate: number, seed: number): void {
  const force = note.velocity / 127;
  const f0 = pitchFrequency(note.pitch);
  const stretch = timbre.inharmonicity * 10 ** (-4.1 + ((note.pitch - 36) / 50) * 1.3);
  const cutoff = (timbre.brightness * (timbre.softBrightness + (1 - timbre.softBrightness) * force ** 1.3) + f0) * (1 + 0.4 * force);
  const loudness = force ** 1.5 * (f0 / 262) ** 0.1;
  // Seconds⁻¹: a bass string rings for many seconds, a treble one hardly at all; air and felt take the high partials first.
  const slow = (0.28 + 0.55 * (f0 / 262) ** 0.9) / timbre.sustain;
  const detune = 2 ** (timbre.detuneCents / 1200);
  const chance = normal({ seed, purpose: 'piano-phase', sample: note.pitch }, MAX_PARTIALS);
  for (let n = 1; n <= MAX_PARTIALS; n++) {
    const frequency = n * f0 * Math.sqrt(1 + stretch * n * n);
    if (frequency > 0.46 * sampleRate) break;
    const comb = Math.abs(Math.sin(Math.PI * n * timbre.strikePosition)) + 0.04;
    const amplitude = timbre.gain * loudness * comb * n ** -timbre.tilt * Math.exp(-frequency / cutoff) * bodyGain(timbre, frequency) * 2;
    const decay = slow * (1 + 0.1 * (n - 1)) + (2.2e-7 * frequency * frequency) / timbre.sustain;
    const omega = (2 * Math.PI * frequency) / sampleRate;
    const phase = 0.5 * (chance[n - 1] ?? 0);
    addPartial(out, 0, out.length, { amplitude: 0.68 * amplitude, omega, decay: (3.2 * decay) / sampleRate, phase });
    addPartial(out, 0, out.length, { amplitude: 0.32 * amplitude, omega: omega * detune, decay: decay / sampleRate, phase: phase + 0.4 });
  }
  // Felt meets string: a soft stroke rises slowly.
  const rise = Math.round(sampleRate * (0.0012 + 0.0035 * (1 - force)));
  for (let i = 0; i < Math.min(rise, out.length); i++) out[i] = (out[i] ?? 0) * (0.5 - 0.5 * Math.cos((Math.PI * i) / rise));
}

/** Knock of key and hammer: noise through a resonance that follows the pitch a little. */
function knock(out: Float64Array, note: Note, timbre: Timbre, sampleRate: number, seed: number): void {
  const length = Math.min(out.length, Math.round(0.06 * sampleRate));
  const noise = normal({ seed, purpose: 'piano-hammer', sample: note.pitch, step: Math.round(note.start * 1000) }, length);
  const omega = (2 * Math.PI * (280 + 6 * (note.pitch - 36))) / sampleRate;
  const radius = 0.96;
  const level = timbre.gain * timbre.hammerNoise * (note.velocity / 127) ** 2;
  let before = 0;
  let now = 0;
  for (let i = 0; i < length; i++) {
    const next = 2 * radius * Math.cos(omega) * now - radius * radius * before + (noise[i] ?? 0);
    before = now;
    now = next;
    out[i] = (out[i] ?? 0) + level * 0.25 * now * Math.exp((-i / sampleRate) * 90);
  }
}

/** When the damper falls: at the release, or at the end of the pedal span it lies in, or when the key is struck again. */
export function damperTime(note: Note, pedal: readonly Span[], nextStrike: number): number {
  const held = pedal.find((span) => span.start <= note.end && note.end < span.end);
  return Math.min(held ? held.end : note.end, nextStrike);
}

/** Start of the next note of the same key, per note; ∞ if there is none. */
function nextStrikes(notes: readonly Note[]): number[] {
  const next = new Map<number, number>();
  const order = notes.map((_, index) => index).sort((a, b) => (notes[b]?.start ?? 0) - (notes[a]?.start ?? 0));
  const found = new Array<number>(notes.length).fill(Number.POSITIVE_INFINITY);
  for (const index of order) {
    const note = notes[index];
    if (note === undefined) continue;
    found[index] = next.get(note.pitch) ?? Number.POSITIVE_INFINITY;
    next.set(note.pitch, note.start);
  }
  return found;
}

/** Open strings answer while the pedal is down: a few resonators fed by the sound itself. */
function addSympatheticResonance(out: Float32Array, pedal: readonly Span[], sampleRate: number): void {
  if (pedal.length === 0) return;
  const dry = Float32Array.from(out);
  for (const pitch of [36, 43, 48, 52, 55, 60, 64, 67, 72, 76]) {
    const omega = (2 * Math.PI * pitchFrequency(pitch)) / sampleRate;
    for (const span of pedal) {
      const from = Math.round(span.start * sampleRate);
      const until = Math.min(out.length, Math.round((span.end + 0.15) * sampleRate));
      const lift = Math.round(span.end * sampleRate);
      let before = 0;
      let now = 0;
      for (let i = from; i < until; i++) {
        const radius = i < lift ? 0.99993 : 0.9985;
        const next = 2 * radius * Math.cos(omega) * now - radius * radius * before + 5e-4 * Math.sin(omega) * (dry[i] ?? 0);
        before = now;
        now = next;
        out[i] = (out[i] ?? 0) + next;
      }
    }
  }
}

/** Leaves levels below 0.7 alone and bends the rest towards 0.98. */
export function softLimit(out: Float32Array): Float32Array {
  for (let i = 0; i < out.length; i++) {
    const value = out[i] ?? 0;
    const size = Math.abs(value);
    if (size > 0.7) out[i] = Math.sign(value) * (0.7 + 0.28 * Math.tanh((size - 0.7) / 0.28));
  }
  return out;
}

/**
 * Renders a performance as mono sound in [−1, 1]. Deterministic: the same arguments give the same samples.
 * @returns Float32Array [seconds · sampleRate]
 */
export function renderPiano(
  notes: readonly Note[],
  pedal: readonly Span[],
  pianist: Pick<Pianist, 'timbre'>,
  options: RenderOptions,
): Float32Array {
  const { sampleRate, seconds, seed } = options;
  const out = new Float32Array(Math.round(seconds * sampleRate));
  const next = nextStrikes(notes);
  notes.forEach((note, index) => {
    const from = Math.round(note.start * sampleRate);
    if (from >= out.length) return;
    const damper = damperTime(note, pedal, next[index] ?? Number.POSITIVE_INFINITY);
    const timeConstant = pianist.timbre.damping * 2 ** ((60 - note.pitch) / 30);
    const release = Math.max(1, Math.round((damper - note.start) * sampleRate));
    const length = Math.min(out.length - from, release + Math.round(7 * timeConstant * sampleRate));
    const sound = new Float64Array(length);
    strike(sound, note, pianist.timbre, sampleRate, seed);
    knock(sound, note, pianist.timbre, sampleRate, seed);
    const fall = Math.exp(-1 / (timeConstant * sampleRate));
    let level = 1;
    for (let i = 0; i < length; i++) {
      if (i >= release) level *= fall;
      out[from + i] = (out[from + i] ?? 0) + level * (sound[i] ?? 0);
    }
  });
  addSympatheticResonance(out, pedal, sampleRate);
  return softLimit(out);
}
