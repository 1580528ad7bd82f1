import type { Mapped } from '../../../engine/define/pipeline.ts';
import { json, tree, type } from '../../../engine/define/ports.ts';
import { defineTask } from '../../../engine/define/task.ts';
import type { RollPredictorConfig } from '../../../models/network/roll-predictor/config.ts';
import type { RollToMidiConfig } from '../../../models/network/roll-to-midi/config.ts';
import type { Preference } from '../../../models/preference/decide.ts';
import type { FlowSettings } from '../../../models/training/flow/settings.ts';
import type { FlowStage } from '../../../models/training/flow/stage.ts';
import type { Settings, StageSettings, TrainingSettings } from '../settings.ts';
import type { LatentStatistics, Shard } from '../tasks.ts';

const code = (path: string, name: string) => ({ url: new URL(path, import.meta.url).href, export: name });

/** What a stage of the flow model is made from, besides its data. */
export interface StageParams {
  readonly seed: number;
  readonly network: FlowSettings['network'];
  readonly training: Omit<TrainingSettings, 'checkpointSteps' | 'readAhead'>;
  readonly stage: FlowStage;
  /** How notes become the roll of the Extra-DiT. */
  readonly roll?: Pick<RollPredictorConfig, 'keys' | 'target' | 'sustain'>;
  readonly learningRate: number;
  readonly mix: StageSettings['mix'];
  readonly steps: number;
}

const features = {
  shards: json<readonly Shard[]>(),
  latents: json<readonly Mapped[]>(),
  text: json<readonly Mapped[]>(),
  video: json<readonly Mapped[]>(),
  rolls: json<readonly Mapped[]>(),
  statistics: json<LatentStatistics>(),
};
const pictures = json<readonly Mapped[]>();
const model = tree('flow-model');

const flow = {
  outputs: { model },
  params: type<StageParams>(),
  endParams: ['steps'] as const,
  queue: 'train' as const,
  runs: 'process' as const,
  timeout: '30 days',
};

/** Stage 1.1: rectified flow from text to audio latents with the Audio-DiT. */
export const trainTextToAudio = defineTask({
  ...flow,
  name: 'trainTextToAudio',
  inputs: features,
  implementation: code('./train-stage.ts', 'trainTextToAudio'),
});

/** A stage that grows or goes on with the model of the stage before: video, joint, contrastive, the roll stream. */
export const trainStage = defineTask({
  ...flow,
  name: 'trainStage',
  inputs: { ...features, before: model },
  implementation: code('./train-stage.ts', 'trainStage'),
});

/** Stage 2.1: the roll predictor alone, from pictures of the keys to notes. */
export const trainRollPredictor = defineTask({
  name: 'trainRollPredictor',
  inputs: { shards: features.shards, latents: features.latents, rolls: features.rolls, pictures },
  outputs: { predictor: tree('roll-predictor') },
  params: type<{
    seed: number;
    predictor: RollPredictorConfig;
    training: Omit<Settings['rollPredictor'], keyof RollPredictorConfig | 'steps'>;
    steps: number;
  }>(),
  endParams: ['steps'],
  queue: 'train',
  runs: 'process',
  timeout: '30 days',
  implementation: code('./train-roll-predictor.ts', 'trainRollPredictor'),
});

/** The baseline's second half (Audeo's Roll2Midi): from what the roll predictor sees to what was played. */
export const trainRollToMidi = defineTask({
  name: 'trainRollToMidi',
  inputs: { shards: features.shards, latents: features.latents, rolls: features.rolls, pictures, predictor: tree('roll-predictor') },
  outputs: { corrector: tree('roll-to-midi') },
  params: type<{
    seed: number;
    network: RollToMidiConfig;
    training: Omit<Settings['rollToMidi'], keyof RollToMidiConfig | 'steps'>;
    steps: number;
  }>(),
  endParams: ['steps'],
  queue: 'train',
  runs: 'process',
  timeout: '30 days',
  implementation: code('./train-roll-to-midi.ts', 'trainRollToMidi'),
});

/** Stage 2.2: all streams together with the roll predictor. */
export const trainGuided = defineTask({
  ...flow,
  name: 'trainGuided',
  inputs: { ...features, pictures, before: model, predictor: tree('roll-predictor') },
  implementation: code('./train-stage.ts', 'trainGuided'),
});

/** Stage 2.2 from a model that was given and has its roll predictor already. */
export const goOnGuided = defineTask({
  ...flow,
  name: 'goOnGuided',
  inputs: { ...features, pictures, before: model },
  implementation: code('./train-stage.ts', 'trainUnguided'),
});

/** Stage 2.2 without guidance: the roll stream and its predictor are new, and nothing tells the predictor what was played. */
export const trainUnguided = defineTask({
  ...flow,
  name: 'trainUnguided',
  inputs: { ...features, pictures, before: model },
  implementation: code('./train-stage.ts', 'trainUnguided'),
});

/** Stage 3b: preference optimisation against the model it begins with. */
export const trainPreferences = defineTask({
  ...flow,
  name: 'trainPreferences',
  inputs: { ...features, pictures, before: model, preferences: json<readonly Preference[]>() },
  implementation: code('./train-stage.ts', 'trainPreferences'),
});
