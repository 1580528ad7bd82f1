import { KEYS } from '../../../datasets/midi/performance.ts';
import { keyWindow } from '../../../datasets/midi/piano-roll.ts';
import type { RollPredictorConfig } from './config.ts';

/** First key, counted from 0, of the 51 that PianoYT's frames show. */
const FIRST_OF_51 = 15;
const LOUDEST = 127;

export const firstKey = ({ keys }: Pick<RollPredictorConfig, 'keys'>): number => (keys === KEYS ? 0 : FIRST_OF_51);

/** What the roll predictor shall say of a roll of velocities [frames,88]: its keys, 1 where one is down or velocity/127. → [frames,keys] */
export function rollTargets(config: Pick<RollPredictorConfig, 'keys' | 'target'>, velocities: Uint8Array): Float32Array {
  const first = firstKey(config);
  const seen = keyWindow(velocities, first, first + config.keys - 1);
  const targets = new Float32Array(seen.length);
  for (const [i, velocity] of seen.entries()) targets[i] = config.target === 'velocity' ? velocity / LOUDEST : Number(velocity > 0);
  return targets;
}
