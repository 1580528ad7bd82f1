import type { ReleasedModel } from '../../models/training/flow/released-weights.ts';
import { widthsOf } from './encoders.ts';
import type { GivenNode } from './given-weights.ts';
import type { Settings } from './settings.ts';
import { predictorOf, type RollKind, stageParams } from './stages.ts';
import type { StageParams } from './train/tasks.ts';

/** What the model of each of these nodes is made of. */
export function modelsOf(settings: Settings): Record<GivenNode, ReleasedModel> {
  const [stages, widths] = [stageParams(settings), widthsOf(settings)];
  const flow = ({ network, stage }: StageParams): ReleasedModel => ({
    kind: 'flow',
    network: { ...network, latentChannels: widths.latents, text: { width: widths.text } },
    ...(stage.roll && { rollPredictor: stage.roll.predictor }),
  });
  const predictor = (target: RollKind): ReleasedModel => ({
    kind: 'roll-predictor',
    predictor: predictorOf(settings, target),
  });
  return {
    'text-to-audio': flow(stages.textToAudio),
    video: flow(stages.video),
    joint: flow(stages.joint),
    continued: flow(stages.continued),
    contrastive: flow(stages.contrastive),
    factor: flow(stages.factor),
    'extra-velocity': flow(stages.extra('velocity')),
    'roll-predictor-velocity': predictor('velocity'),
    velocity: flow(stages.guided('velocity')),
    'extra-binary': flow(stages.extra('binary')),
    'roll-predictor-binary': predictor('binary'),
    binary: flow(stages.guided('binary')),
    unguided: flow(stages.unguided),
    preferred: flow(stages.preferences),
  };
}
