import { join } from 'node:path';
import type { StoredTree } from '../../../engine/define/ports.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { SostenutoError } from '../../../errors/problem.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import type { Preference } from '../../../models/preference/decide.ts';
import { clipDataset, type DatasetShape, type Mix } from '../../../models/training/flow/dataset.ts';
import { readFlowModel } from '../../../models/training/flow/model-files.ts';
import { ROLL_PREDICTOR } from '../../../models/training/flow/roll-term.ts';
import { type FlowTraining, trainFlow } from '../../../models/training/flow/train-flow.ts';
import { readRollModel } from '../../../models/training/roll/model-files.ts';
import type { NamedArrays } from '../../../models/training/state.ts';
import { folderOf } from '../../stored-folder.ts';
import { openStageClips, type StageClip, type StageFeatures, stageFiles } from '../stage-clips.ts';
import type { LatentStatistics } from '../tasks.ts';
import { flowSettings } from './flow-settings.ts';
import { withReadAhead } from './read-ahead.ts';
import { runOfTask } from './run-of-task.ts';
import { type StageData, stageDataset, stageSource } from './stage-data.ts';
import type * as declarations from './tasks.ts';

interface Given {
  readonly inputs: StageFeatures & { readonly statistics: LatentStatistics };
  readonly params: declarations.StageParams;
  readonly context: TaskContext;
}

interface Begun {
  readonly begin: () => Promise<NamedArrays>;
  readonly statistics: FlowTraining['statistics'];
}

export const trainTextToAudio: Run<typeof declarations.trainTextToAudio> = (given) => train(given, {});

export const trainStage: Run<typeof declarations.trainStage> = async (given) => train(given, await modelOf(given, given.inputs.before));

export const trainUnguided: Run<typeof declarations.trainUnguided> = async (given) =>
  train(given, await modelOf(given, given.inputs.before));

export const trainGuided: Run<typeof declarations.trainGuided> = async (given) => {
  const { inputs, context } = given;
  const folder = await folderOf(context, inputs.predictor, 'predictor');
  const predictor = async () => {
    const { weights } = await readRollModel(folder);
    return [...weights].map(([name, array]) => [ROLL_PREDICTOR + name, array] as const);
  };
  const { begin, statistics } = await modelOf(given, inputs.before);
  return train(given, { begin: async () => new Map([...(await begin()), ...(await predictor())]), statistics });
};

export const trainPreferences: Run<typeof declarations.trainPreferences> = async (given) => {
  const { before, preferences } = given.inputs;
  const { begin, statistics, isGuided } = await modelOf(given, before);
  if (!isGuided) throw notGuided();
  return train(given, { begin, statistics, reference: { digest: before.artifact.digest, weights: begin } }, preferences);
};

const notGuided = () =>
  new SostenutoError({
    code: 'STAGE_INVALID',
    what: 'Preference training begins with a model that has its roll predictor',
    where: 'before',
    found: 'a model without one',
    expected: 'a model of stage 2.2',
  });

/**
 * A stage goes on with the averaged weights of the one before: what was measured is what is improved. It goes on in that model's scale of the latents, too,
 * which is this data's unless the model was brought from elsewhere.
 * The weights are read when they are asked for, so that a training does not hold them on the host.
 */
async function modelOf({ context }: Given, model: StoredTree): Promise<Begun & { readonly isGuided: boolean }> {
  const folder = await folderOf(context, model, 'before');
  const { statistics, config } = await readFlowModel(folder);
  return { begin: async () => (await readFlowModel(folder)).weights, statistics, isGuided: config.rollPredictor !== undefined };
}

async function train(
  { inputs, params, context }: Given,
  before: Partial<Begun> & Pick<FlowTraining, 'reference'>,
  preferences?: readonly Preference[],
): Promise<{ model: string }> {
  const { seed, stage, training, roll, mix } = params;
  const predictor = stage.roll?.predictor;
  const files = await stageFiles(context, inputs, 'train', predictor?.views);
  const clips = openStageClips(files, { checked: true });
  const heldOut = openStageClips(await stageFiles(context, inputs, 'validation', predictor?.views), { checked: true });
  const shape: DatasetShape = {
    frames: training.frames,
    channels: inputs.statistics.mean.length,
    textWidth: textWidthOf(clips),
    ...(params.network.video?.inputWidth !== undefined && { videoWidth: params.network.video.inputWidth }),
    ...(roll && { roll }),
    ...(predictor && { pictures: predictor }),
    seed,
  };
  const data: StageData = { files, mix, shape, ...(preferences && { preferences }) };
  const validated = mixOf(mix, heldOut);
  const backend = await loadBackend();
  const directory = join(context.workDirectory, 'model');
  await withReadAhead(context, stageDataset(data, clips), stageSource(data), (dataset) =>
    trainFlow({
      tf: backend.tf,
      settings: flowSettings(params),
      stage,
      seed,
      dataset,
      statistics: { mean: Float32Array.from(inputs.statistics.mean), deviation: Float32Array.from(inputs.statistics.deviation) },
      ...before,
      ...(validated && {
        validation: { dataset: clipDataset(heldOut, validated, { ...shape, fixedCrop: true }), everySteps: training.validateEvery },
      }),
      directory,
      ...runOfTask(context, backend),
    }),
  );
  return { model: directory };
}

/** The mix without sets that have no clip; nothing if none has. */
function mixOf(mix: Mix, clips: readonly StageClip[]): Mix | undefined {
  const there = Object.entries(mix).filter(([set, rows]) => rows > 0 && clips.some((clip) => clip.set === set));
  return there.length > 0 ? Object.fromEntries(there) : undefined;
}

function textWidthOf(clips: readonly StageClip[]): number {
  const captioned = clips.find((clip) => clip.tokens > 0);
  if (captioned) return captioned.read().text.length / captioned.tokens;
  throw new SostenutoError({
    code: 'NO_TRAINING_DATA',
    what: 'There is nothing to train on',
    where: 'clips of split "train"',
    found: `${clips.length} clips, none with a caption`,
    expected: 'captioned clips',
    hint: 'give captions to the clips; `sostenuto sql` with SELECT id, split, reason FROM clips says which were taken',
  });
}
