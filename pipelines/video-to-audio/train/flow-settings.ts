import { PAPER_DROPOUT } from '../../../models/objectives/rectified-flow.ts';
import type { FlowSettings } from '../../../models/training/flow/settings.ts';
import { TORCH_ADAM } from '../../../models/training/optimiser.ts';
import type { Settings } from '../settings.ts';
import type { StageParams } from './tasks.ts';

/** Sizes of the network with the given streams; what is not a setting is the method's. */
export function networkOf(
  { depth, registers, positions, audio, video, extra }: Settings['network'],
  streams: { readonly video?: number; readonly roll?: number },
): FlowSettings['network'] {
  return {
    depth,
    positions,
    registers,
    kernel: 31,
    feedForwardMultiple: 4,
    softClamp: 50,
    audio: { ...audio, width: audio.heads * audio.headWidth },
    ...(streams.video !== undefined && { video: { ...video, inputWidth: streams.video } }),
    ...(streams.roll !== undefined && { extra: { ...extra, keys: streams.roll } }),
  };
}

/** Rows of a batch. */
export const rowsOf = ({ sounds, events, piano }: StageParams['mix']): number => sounds + events + piano;

/** The rate stays constant after the warm-up, so that more steps continue a training. */
export const flowSettings = ({ network, training, learningRate, mix, steps }: StageParams): FlowSettings => ({
  network,
  batch: rowsOf(mix),
  accumulate: training.accumulate,
  memory: training.memory,
  precision: training.precision,
  frames: training.frames,
  steps,
  optimiser: { ...TORCH_ADAM, clipNorm: training.clipNorm, weightDecay: training.weightDecay },
  schedule: { base: learningRate, warmUpSteps: training.warmUpSteps, shape: 'constant' },
  ema: { kind: 'constant', decay: training.emaDecay },
  times: training.times,
  dropout: { ...PAPER_DROPOUT, text: training.dropText, video: training.dropVideo },
});
