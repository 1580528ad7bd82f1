import type { RollPredictorConfig } from '../../models/network/roll-predictor/config.ts';
import { UNIQUE_AUGMENTATION } from '../../models/objectives/factor-cl/augment.ts';
import { CLUB_COND_MAXIMISE, EACH_ONCE, EQUATION_6, type FactorClConfig } from '../../models/objectives/factor-cl/config.ts';
import type { FlowPart } from '../../models/training/flow/stage.ts';
import { widthsOf } from './encoders.ts';
import type { Settings } from './settings.ts';
import { networkOf, rowsOf } from './train/flow-settings.ts';
import type { StageParams } from './train/tasks.ts';

/** What a binary and a velocity run say of a struck key. */
export type RollKind = RollPredictorConfig['target'];

/** The roll predictor of the settings; 51 or 88 keys, and the pedal as one column more. */
export const predictorOf = ({ rollPredictor }: Settings, target: RollKind): RollPredictorConfig => {
  const { views, height, width, baseWidth, keys, sustain } = rollPredictor;
  return { views, window: 5, height, width, baseWidth, keys, target, sustain };
};

/** Params of the baseline's training. */
export const rollToMidiParams = ({ seed, rollToMidi: { baseWidth, steps, ...training } }: Settings) => ({
  seed,
  network: { baseWidth },
  training,
  steps,
});

const BASE: readonly FlowPart[] = ['audio', 'video', 'maps'];
const ALL: readonly FlowPart[] = [...BASE, 'extra', 'roll'];

/** Params of every stage of the flow model (arXiv 2503.22200, figure 1; which parts learn when is inferred from the released code). */
export function stageParams(settings: Settings) {
  const { seed, network, rollPredictor, contrastive, factor, guided, preferences } = settings;
  const { checkpointSteps: _, readAhead: __, ...training } = settings.training;
  const { video: videoWidth } = widthsOf(settings);
  const columns = rollPredictor.keys + (rollPredictor.sustain ? 1 : 0);
  type Own = Pick<StageParams, 'stage' | 'roll'>;
  const params = (
    name: 'textToAudio' | 'video' | 'joint' | 'contrastive' | 'factor' | 'extra' | 'guided' | 'preferences',
    own: Own,
  ): StageParams => {
    const { steps, learningRate, mix } = settings[name];
    const streams = name === 'textToAudio' ? {} : { video: videoWidth, ...(own.roll && { roll: columns }) };
    return { seed, network: networkOf(network, streams), training, learningRate, mix, steps, ...own };
  };
  const guidedBy = (target: RollKind, weight: number): Own => {
    const predictor = predictorOf(settings, target);
    return { stage: { train: ALL, roll: { predictor, loss: guided.rollLoss, weight } }, roll: predictor };
  };
  const contrasted = { train: [...BASE, 'heads' as const] };
  return {
    textToAudio: params('textToAudio', { stage: { train: ['audio'] } }),
    video: params('video', { stage: { train: ['video', 'maps'] } }),
    joint: params('joint', { stage: { train: BASE } }),
    contrastive: params('contrastive', {
      stage: {
        ...contrasted,
        contrast: {
          kind: 'eq5',
          weight: contrastive.weight,
          sharedWindow: false,
          frames: contrastive.frames,
          width: contrastive.width,
          options: { temperature: contrastive.temperature, form: 'in' },
        },
      },
    }),
    /** The base, trained on for as many steps without a contrastive loss: what these steps alone do. */
    continued: params('contrastive', { stage: { train: BASE } }),
    factor: params('factor', {
      stage: {
        ...contrasted,
        contrast: {
          kind: 'factor-cl',
          weight: factor.weight,
          sharedWindow: true,
          config: factorConfig(settings),
          augmentation: UNIQUE_AUGMENTATION,
          rate: factor.criticRate,
        },
      },
    }),
    extra: (target: RollKind) => {
      const { keys, sustain } = rollPredictor;
      return params('extra', { stage: { train: ['extra', 'maps'] }, roll: { keys, target, sustain } });
    },
    guided: (target: RollKind) => params('guided', guidedBy(target, guided.rollWeight)),
    /** The guided models' last stage without the loss of the roll: their base takes as many steps. */
    unguided: params('guided', guidedBy('velocity', 0)),
    preferences: params('preferences', {
      ...guidedBy('velocity', guided.rollWeight),
      stage: {
        ...guidedBy('velocity', guided.rollWeight).stage,
        preference: { beta: preferences.beta, noise: 'shared', frames: 'valid', weight: preferences.weight },
      },
    }),
  };
}

function factorConfig({ network, factor }: Settings): FactorClConfig {
  const widths = { audio: network.audio.heads * network.audio.headWidth, video: network.video.width };
  const config = { widths, criticWidth: factor.criticWidth, condition: { kind: 'augmentations' as const }, unitInputs: false };
  if (factor.terms === 'equation-6') return { ...config, weights: EQUATION_6 };
  if (factor.terms === 'each-once') return { ...config, weights: EACH_ONCE };
  return { ...config, ...CLUB_COND_MAXIMISE, condition: { kind: 'labels', classes: rowsOf(factor.mix) }, cap: 10 };
}
