import type { Draws } from './draws.ts';
import { noisyKinds } from './sounds-of-noise.ts';
import { struckKinds } from './sounds-of-strikes.ts';
import { tonalKinds } from './sounds-of-tones.ts';

export interface RenderContext {
  readonly sampleRate: number;
  readonly seconds: number;
  readonly seed: number;
  readonly draws: Draws;
}
export interface SoundKind {
  /** Chooses what the sound is like and says it. */
  draw(draws: Draws): { caption: string; parameters: Record<string, number> };
  /** Adds the sound to `out`; any scale, it is levelled afterwards. */
  render(out: Float32Array, parameters: Readonly<Record<string, number>>, context: RenderContext): void;
}

export const kinds = { ...struckKinds, ...tonalKinds, ...noisyKinds };
export type Kind = keyof typeof kinds;
