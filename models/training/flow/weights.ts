import { adoptWeights } from '../../network/adopt-weights.ts';
import type { NetworkConfig } from '../../network/config.ts';
import { initialParameters, type ParameterShapes, parameterShapes } from '../../network/parameters.ts';
import type { RollPredictorConfig } from '../../network/roll-predictor/config.ts';
import { rollPredictorShapes } from '../../network/roll-predictor/shapes.ts';
import { contrastiveShapes } from '../../objectives/contrastive.ts';
import { factorClShapes } from '../../objectives/factor-cl/config.ts';
import { checkNames, type NamedArrays } from '../state.ts';
import { ROLL_PREDICTOR } from './roll-term.ts';
import { type FlowStage, partOf } from './stage.ts';

/** Shapes of the projection heads and critics of a stage; none without a contrastive loss. */
export function headShapes({ audio, video }: NetworkConfig, { contrast }: FlowStage): ParameterShapes {
  if (!contrast || !video) return new Map();
  return contrast.kind === 'eq5' ? contrastiveShapes(audio.width, video.width, contrast.width) : factorClShapes(contrast.config);
}

/** Shapes of the roll predictor in a flow model, under its released name. */
export const predictorShapes = (predictor: RollPredictorConfig | undefined): ParameterShapes =>
  new Map(predictor ? [...rollPredictorShapes(predictor)].map(([name, shape]) => [ROLL_PREDICTOR + name, shape]) : []);

/** Of all weights that a training of a stage holds. */
export const stageShapes = (config: NetworkConfig, stage: FlowStage): ParameterShapes =>
  new Map([...parameterShapes(config), ...predictorShapes(stage.roll?.predictor), ...headShapes(config, stage)]);

/**
 * First weights of a stage: those of the stage before, grown by what it lacks; heads always begin anew. A roll predictor that was trained
 * apart is a part of `before`. Throws `WEIGHTS_MISMATCH`.
 */
export function beginStage(config: NetworkConfig, stage: FlowStage, seed: number, before?: NamedArrays): NamedArrays {
  const given = (isPredictor: boolean) =>
    new Map([...(before ?? [])].filter(([name]) => partOf(name) !== 'heads' && (partOf(name) === 'roll') === isPredictor));
  const network = before ? adoptWeights(config, given(false), seed).weights : initialParameters(parameterShapes(config), seed);
  const fresh = initialParameters(predictorShapes(stage.roll?.predictor), seed);
  const predictor = stage.roll ? given(true) : new Map();
  if (predictor.size > 0) checkNames(predictor, fresh, 'the roll predictor of the stage before');
  return new Map([...network, ...fresh, ...predictor, ...initialParameters(headShapes(config, stage), seed)]);
}
