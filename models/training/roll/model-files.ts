import type { RollPredictorConfig } from '../../network/roll-predictor/config.ts';
import { rollPredictorShapes } from '../../network/roll-predictor/shapes.ts';
import { type ModelConfig, readModel } from '../model-folder.ts';

/** A trained roll predictor, its weights under Audeo's names. */
interface RollModelConfig extends ModelConfig {
  readonly kind: 'roll-predictor';
  readonly predictor: RollPredictorConfig;
}

/** Throws `MODEL_INVALID` and `CHECKPOINT_MISMATCH`. */
export const readRollModel = (directory: string) =>
  readModel<RollModelConfig>(directory, 'roll-predictor', ({ predictor }) => rollPredictorShapes(predictor));
