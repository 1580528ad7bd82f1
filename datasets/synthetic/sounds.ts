/**
 * Captioned sounds: a caption and the sound it describes are made from the same parameters, so what the words say
 * (kind, height, number, direction, strength) can be heard and measured.
 */
import { drawsOf } from './draws.ts';
import { type Kind, kinds } from './sound-kinds.ts';

export interface SoundSpec {
  readonly kind: Kind;
  readonly caption: string;
  /** What the caption says and what it leaves open, in hertz, seconds and 0 … 1. */
  readonly parameters: Readonly<Record<string, number>>;
}
export interface SoundOptions {
  readonly sampleRate: number;
  readonly seconds: number;
  readonly seed: number;
}

export const soundKinds = Object.keys(kinds) as Kind[];

/** Draws a sound of a kind (or of a random one) with its caption; the same seed gives the same. */
export function drawSound(seed: number, kind?: Kind): SoundSpec {
  const draws = drawsOf({ seed, purpose: 'sound-caption' });
  const chosen = kind ?? draws.pick(soundKinds);
  const { caption, parameters } = kinds[chosen].draw(draws);
  return { kind: chosen, caption, parameters };
}

/**
 * Renders a described sound, peak 0.5 … 0.85 by its `level`.
 * @returns Float32Array [seconds · sampleRate] in [−1, 1]
 */
export function renderSound(spec: SoundSpec, options: SoundOptions): Float32Array {
  const { sampleRate, seconds, seed } = options;
  const out = new Float32Array(Math.round(seconds * sampleRate));
  const draws = drawsOf({ seed, purpose: `sound-${spec.kind}` });
  kinds[spec.kind].render(out, spec.parameters, { sampleRate, seconds, seed, draws });
  return finish(out, spec.parameters.level ?? 0.7, sampleRate);
}

/** Scales to a peak and fades the borders, so that nothing clicks. */
function finish(out: Float32Array, level: number, sampleRate: number): Float32Array {
  const fade = Math.min(Math.round(0.01 * sampleRate), Math.floor(out.length / 2));
  for (let i = 0; i < fade; i++) out[out.length - 1 - i] = (out[out.length - 1 - i] ?? 0) * (i / fade);
  let peak = 0;
  for (const value of out) peak = Math.max(peak, Math.abs(value));
  if (peak > 0) for (let i = 0; i < out.length; i++) out[i] = ((out[i] ?? 0) * level) / peak;
  return out;
}

export type { Kind };
