import type { NodeEstimate } from '../../engine/define/pipeline.ts';
import { countParameters } from '../../models/network/parameters.ts';
import { rollPredictorShapes } from '../../models/network/roll-predictor/shapes.ts';
import { estimateStage } from '../../models/training/flow/estimate.ts';
import { estimateRollToMidi } from '../../models/training/roll-to-midi/estimate.ts';
import { widthsOf } from './encoders.ts';
import type { Settings } from './settings.ts';
import { predictorOf, type RollKind, stageParams } from './stages.ts';
import { flowSettings, rowsOf } from './train/flow-settings.ts';
import type { StageParams } from './train/tasks.ts';

const FLOAT = 4;
/** Values that a pixel of a window leaves behind over all layers, in base widths; the first layer's grid is a quarter of the picture. */
const KEPT_A_PIXEL = 3;

/** What the trainings will cost: parameters, memory and steps. */
export function estimates(settings: Settings): NodeEstimate[] {
  const stages = stageParams(settings);
  const widths = widthsOf(settings);
  const flow = (node: string, params: StageParams): NodeEstimate => {
    const { network, stage, training, mix, steps } = params;
    const config = { ...network, latentChannels: widths.latents, text: { width: widths.text } };
    return { node, ...estimateStage(config, stage, rowsOf(mix), training.frames, flowSettings(params)), steps };
  };
  const predictor = (kind: RollKind): NodeEstimate => {
    const { height, width, baseWidth, batch, steps } = settings.rollPredictor;
    const parameters = countParameters(rollPredictorShapes(predictorOf(settings, kind)));
    return {
      node: `roll-predictor-${kind}`,
      parameters,
      trained: parameters,
      memory: FLOAT * (6 * parameters + batch * height * width * baseWidth * KEPT_A_PIXEL),
      steps,
    };
  };
  const { baseWidth, ...rollToMidi } = settings.rollToMidi;
  return [
    flow('text-to-audio', stages.textToAudio),
    flow('video', stages.video),
    flow('joint', stages.joint),
    flow('contrastive', stages.contrastive),
    flow('continued', stages.continued),
    flow('factor', stages.factor),
    ...(['velocity', 'binary'] as const).flatMap((kind) => [
      predictor(kind),
      flow(`extra-${kind}`, stages.extra(kind)),
      flow(kind, stages.guided(kind)),
    ]),
    {
      node: 'roll-to-midi',
      ...estimateRollToMidi({ baseWidth }, { ...rollToMidi, keys: settings.rollPredictor.keys }),
      steps: rollToMidi.steps,
    },
    flow('unguided', stages.unguided),
    flow('preferred', stages.preferences),
  ];
}
