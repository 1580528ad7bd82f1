import { type Problem, SostenutoError } from '../../../errors/problem.ts';

/** Sizes of the piano roll predictor: Audeo's Video2Roll (Su et al. 2020), for one or several views and smaller pictures. */
export interface RollPredictorConfig {
  /** Cameras it sees, in the order of its input channels. */
  readonly views: readonly string[];
  /** Consecutive grey frames of each view; the notes are those of the middle one. */
  readonly window: number;
  /** Size to which the frames of all views are scaled; the keyboard runs along the width. */
  readonly height: number;
  readonly width: number;
  /** Channels of the stem; the deeper layers have 2, 4 and 8 times as many. */
  readonly baseWidth: number;
  /** 51: keys 15 … 65 of a piano, as in PianoYT; 88: all. */
  readonly keys: 51 | 88;
  /** Whether its output is the chance that a key is down, or its velocity, 0 … 1. */
  readonly target: 'binary' | 'velocity';
  /** Whether it also says if the sustain pedal is down. */
  readonly sustain: boolean;
}

export const AUDEO: RollPredictorConfig = {
  views: ['front'],
  window: 5,
  height: 100,
  width: 900,
  baseWidth: 64,
  keys: 51,
  target: 'binary',
  sustain: false,
};

/** Throws `NETWORK_CONFIG` with every size that makes no network. */
export function checkRollPredictor(config: RollPredictorConfig): void {
  const problems: Problem[] = [];
  const refuse = (where: string, found: unknown, expected: string) =>
    problems.push({
      code: 'NETWORK_CONFIG',
      what: `The roll predictor cannot be built with this ${where}.`,
      where,
      found: String(found),
      expected,
    });
  for (const field of ['height', 'width', 'baseWidth'] as const) {
    const value = config[field];
    if (!Number.isInteger(value) || value < 1) refuse(field, value, 'a whole number above 0');
  }
  const { views, window, keys } = config;
  if (!Number.isInteger(window) || window < 1 || window % 2 === 0) refuse('window', window, 'an odd number of frames');
  if (views.length === 0 || new Set(views).size < views.length)
    refuse('views', views.join(', ') || 'none', 'different views, at least one');
  if (keys !== 51 && keys !== 88) refuse('keys', keys, '51 or 88');
  if (problems.length > 0) throw new SostenutoError(problems);
}

export const inputChannels = ({ views, window }: RollPredictorConfig): number => views.length * window;

/**
 * Zeros to add behind pictures of `size` rows or columns. Three paths of the network halve their grids with different rounding and
 * are multiplied in the end, so they meet only for 32k + 3 … 32k + 10 (such as 100 and 900).
 */
export function missingBorder(size: number): number {
  const least = 32 * Math.max(0, Math.ceil((size - 10) / 32)) + 3;
  return Math.max(0, least - size);
}
