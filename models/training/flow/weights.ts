import { adoptWeights } from '../../network/adopt-weights.ts';
import type { NetworkConfig } from '../../network/config.ts';
import { initialParameters, type ParameterShapes, parameterShapes } from '../../network/parameters.ts';
import { contrastiveShapes } from '../../objectives/contrastive.ts';
import { factorClShapes } from '../../objectives/factor-cl/config.ts';
import type { NamedArrays } from '../state.ts';
import { type FlowStage, partOf } from './stage.ts';

/** Shapes of the projection heads and critics of a stage; none without a contrastive loss. */
export function headShapes({ audio, video }: NetworkConfig, { contrast }: FlowStage): ParameterShapes {
  if (!contrast || !video) return new Map();
  return contrast.kind === 'eq5' ? contrastiveShapes(audio.width, video.width, contrast.width) : factorClShapes(contrast.config);
}

/** First weights of a stage: those of the stage before, grown by what it lacks; heads always begin anew. */
export function beginStage(config: NetworkConfig, stage: FlowStage, seed: number, before?: NamedArrays): NamedArrays {
  const network = before
    ? adoptWeights(config, new Map([...before].filter(([name]) => partOf(name) !== 'heads')), seed).weights
    : initialParameters(parameterShapes(config), seed);
  return new Map([...network, ...initialParameters(headShapes(config, stage), seed)]);
}
