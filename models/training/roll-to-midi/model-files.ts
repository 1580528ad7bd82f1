import type { RollToMidiConfig } from '../../network/roll-to-midi/config.ts';
import { rollToMidiShapes } from '../../network/roll-to-midi/shapes.ts';
import { type ModelConfig, readModel } from '../model-folder.ts';

/** A trained roll corrector with its discriminator, under Audeo's names behind `generator.` and `discriminator.`. */
export interface RollToMidiModelConfig extends ModelConfig {
  readonly kind: 'roll-to-midi';
  readonly network: RollToMidiConfig;
  readonly keys: number;
  /** Of a window in training. */
  readonly frames: number;
}

/** Throws `MODEL_INVALID` and `CHECKPOINT_MISMATCH`. */
export const readRollToMidiModel = (directory: string) =>
  readModel<RollToMidiModelConfig>(directory, 'roll-to-midi', ({ network }) => rollToMidiShapes(network));
