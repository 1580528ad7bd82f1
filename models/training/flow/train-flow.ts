import type { NetworkConfig } from '../../network/config.ts';
import type { Tf, Weights } from '../../network/tensor-types.ts';
import { createNetwork, type Network } from '../../network/transformer.ts';
import { factorClGroups } from '../../objectives/factor-cl/config.ts';
import type { Checkpoints } from '../checkpoints.ts';
import type { FlowDataset, LatentStatistics } from '../latents.ts';
import { type Reference, type Trained, type TrainingOptions, train } from '../loop.ts';
import type { Phase } from '../phase.ts';
import { settleNorms } from '../roll/settle-norms.ts';
import { schedule } from '../schedule.ts';
import type { NamedArrays } from '../state.ts';
import { type FlowBatch, type FlowSource, flowBatch } from './batch.ts';
import { checkMemory, estimateStage } from './estimate.ts';
import { writeFlowModel } from './model-files.ts';
import { criticsObjective, flowObjective, REFERENCE } from './objective.ts';
import { ROLL_PREDICTOR, rollTerm } from './roll-term.ts';
import type { FlowSettings } from './settings.ts';
import { type FlowStage, partOf } from './stage.ts';
import { timeBins } from './time-bins.ts';
import { flowValidation } from './validation.ts';
import { beginStage, stageShapes } from './weights.ts';

export interface FlowTraining {
  readonly tf: Tf;
  readonly settings: FlowSettings;
  readonly stage: FlowStage;
  readonly seed: number;
  readonly dataset: FlowDataset;
  /** Per-channel statistics of the training latents; embedded in the model. */
  readonly statistics: LatentStatistics;
  /** Weights of an earlier stage to begin with; names that are missing there begin as new. */
  readonly begin?: () => Promise<NamedArrays>;
  /** The frozen model of preference training and the digest of its content. */
  readonly reference?: Reference;
  readonly validation?: { readonly dataset: FlowDataset; readonly everySteps: number };
  /** Where `model.safetensors` and `config.json` go. */
  readonly directory: string;
  readonly checkpoints: Checkpoints;
  readonly cadence: TrainingOptions<never>['cadence'];
  readonly signal: AbortSignal;
  readonly progress?: TrainingOptions<never>['progress'];
  readonly metric?: (name: string, step: number, value: number) => void;
  readonly warn?: (message: string) => void;
  readonly environment?: Readonly<Record<string, string>>;
}

/** The sizes of a preset with the widths of the data. */
export const flowNetworkConfig = (
  settings: FlowSettings,
  { channels, textWidth }: Pick<FlowDataset, 'channels' | 'textWidth'>,
): NetworkConfig => ({
  ...settings.network,
  latentChannels: channels,
  text: { width: textWidth },
});

const BINS_EVERY = 25;
const VALIDATION_BATCHES = 4;

/** One stage of arXiv 2503.22200 by rectified flow. Resumes from the newest checkpoint; writes a model folder at the end. */
export async function trainFlow(training: FlowTraining): Promise<Trained> {
  const { tf, settings, stage, seed, dataset, statistics, metric, reference } = training;
  const network = createNetwork(tf, flowNetworkConfig(settings, dataset), settings);
  checkMemory(estimateStage(network.config, stage, settings.batch, settings.frames, settings));
  const source = { network, dataset, statistics, stage, draws: settings, seed };
  const bins = timeBins();
  const validation = training.validation && flowValidation(tf, { ...source, dataset: training.validation.dataset }, VALIDATION_BATCHES);
  try {
    const trained = await train<FlowBatch>({
      tf,
      shapes: stageShapes(network.config, stage),
      begin: async () => beginStage(network.config, stage, seed, await training.begin?.()),
      phases: phasesOf(tf, network, training),
      data: async (step) => flowBatch(tf, source, await dataset.batchAt(step), step),
      ...(settings.accumulate !== undefined && { accumulate: settings.accumulate }),
      ...(settings.ema && { ema: settings.ema }),
      ...(settings.precision && { precision: settings.precision }),
      ...(reference && {
        reference: {
          digest: reference.digest,
          weights: async () => new Map([...(await reference.weights())].map(([name, array]) => [REFERENCE + name, array])),
        },
      }),
      steps: settings.steps,
      seed,
      checkpoints: training.checkpoints,
      cadence: training.cadence,
      signal: training.signal,
      ...(training.validation && validation && { validation: { everySteps: training.validation.everySteps, run: validation.run } }),
      watch: (step, { times, perClip, ...scalars }) => {
        bins.add(times ?? [], perClip ?? []);
        if (step % BINS_EVERY !== 0) return;
        bins.take().forEach((loss, bin) => {
          if (loss !== undefined) metric?.(`loss at t ${bin}/8`, step, loss);
        });
        for (const [name, value] of Object.entries(scalars)) metric?.(name, step, value[0] ?? Number.NaN);
      },
      ...(training.progress && { progress: training.progress }),
      ...(metric && { metric }),
      ...(training.warn && { warn: training.warn }),
      ...(training.environment && { environment: training.environment }),
    });
    const settled = { ...trained, ...(await settledNorms(training, source, trained)) };
    await writeModel(training, network.config, settled);
    return settled;
  } finally {
    network.dispose();
    validation?.dispose();
  }
}

/** One phase; with FactorCL a second one for its CLUB critics, which no gradient of the first may move. */
function phasesOf(tf: Tf, network: Network, { settings, stage }: FlowTraining): Phase<FlowBatch>[] {
  const { contrast } = stage;
  const critics = new Set(contrast?.kind === 'factor-cl' ? factorClGroups(contrast.config).critics : []);
  const shapes = [...stageShapes(network.config, stage)];
  const learns = (name: string) => stage.train.includes(partOf(name)) && !critics.has(name);
  const main: Phase<FlowBatch> = {
    trainable: shapes.flatMap(([name, { trainable }]) => (trainable && learns(name) ? [name] : [])),
    objective: (weights, batch) => flowObjective(tf, network, stage, weights, batch),
    optimiser: settings.optimiser,
    schedule: schedule({ ...settings.schedule, totalSteps: settings.steps }),
  };
  if (contrast?.kind !== 'factor-cl' || critics.size === 0) return [main];
  const { rate } = contrast;
  return [
    main,
    {
      trainable: [...critics],
      objective: (weights, batch) => criticsObjective(tf, network, stage, weights, batch),
      optimiser: settings.optimiser,
      schedule: () => rate,
    },
  ];
}

/** A roll predictor that was trained along gets estimates that belong to its last and to its averaged weights. */
async function settledNorms({ tf, stage, dataset, settings: { steps } }: FlowTraining, source: FlowSource, { weights, average }: Trained) {
  const { roll } = stage;
  if (!roll || !stage.train.includes('roll') || steps === 0) return {};
  const settle = async (all: NamedArrays) => {
    const own = new Map([...weights, ...all].filter(([name]) => name.startsWith(ROLL_PREDICTOR)));
    const estimates = (moving: Weights, batch: FlowBatch) => rollTerm(tf, roll, moving, batch, true).buffers;
    const batchAt = async (index: number) => flowBatch(tf, source, await dataset.batchAt(steps + index), steps + index);
    return new Map([...all, ...(await settleNorms(tf, own, estimates, batchAt))]);
  };
  return { weights: await settle(weights), average: average && (await settle(average)) };
}

async function writeModel(
  { settings, stage, seed, dataset, statistics, directory }: FlowTraining,
  network: NetworkConfig,
  trained: Trained,
) {
  const kept = (arrays: NamedArrays) => new Map([...arrays].filter(([name]) => partOf(name) !== 'heads'));
  const config = {
    format: 1 as const,
    kind: 'flow' as const,
    network,
    ...(stage.roll && { rollPredictor: stage.roll.predictor }),
    textTokens: dataset.textTokens,
    frames: dataset.frames,
    steps: trained.step,
    seed,
    averaged: trained.average !== undefined,
    ...(trained.validationLoss !== undefined && { validationLoss: trained.validationLoss }),
    training: { ...settings, stage },
  };
  await writeFlowModel(directory, config, statistics, kept(trained.weights), trained.average && kept(trained.average));
}
