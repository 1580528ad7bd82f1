import { adoptWeights } from '../network/adopt-weights.ts';
import type { NetworkConfig } from '../network/config.ts';
import { countParameters, initialParameters, type NamedArray, parameterShapes } from '../network/parameters.ts';
import type { Tf } from '../network/tensor-types.ts';
import { createNetwork, type Network } from '../network/transformer.ts';
import type { Checkpoints } from './checkpoints.ts';
import { writeFlowModel } from './flow-model.ts';
import { type FlowBatch, flowBatch, flowObjective, timeBins } from './flow-objective.ts';
import type { FlowSettings } from './flow-presets.ts';
import type { FlowDataset, LatentStatistics } from './latents.ts';
import { type Trained, type TrainingOptions, train } from './loop.ts';
import { schedule } from './schedule.ts';
import { makeParameters, type Parameters } from './state.ts';

export interface FlowTraining {
  readonly tf: Tf;
  readonly settings: FlowSettings;
  readonly seed: number;
  readonly dataset: FlowDataset;
  /** Per-channel statistics of the training latents; embedded in the model. */
  readonly statistics: LatentStatistics;
  /** Weights of an earlier stage to begin with; names that are missing there begin as new. */
  readonly begin?: ReadonlyMap<string, NamedArray>;
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

export interface TrainedFlow {
  readonly directory: string;
  readonly parameters: number;
  readonly steps: number;
  readonly skipped: number;
  readonly resumedFrom: number;
  readonly validationLoss: number | undefined;
}

/** The sizes of a preset with the widths of the data. */
export const flowNetworkConfig = (settings: FlowSettings, channels: number, textWidth: number): NetworkConfig => ({
  ...settings.network,
  latentChannels: channels,
  text: { width: textWidth },
});

const BINS_EVERY = 25;
const VALIDATION_SEED = 0;
const VALIDATION_BATCHES = 4;

/** Stage 1.1: text → audio by rectified flow (arXiv 2503.22200). Resumes from the newest checkpoint; writes a model folder at the end. */
export async function trainFlow(training: FlowTraining): Promise<TrainedFlow> {
  const { tf, settings, seed, dataset, statistics, validation, metric } = training;
  const config = flowNetworkConfig(settings, dataset.channels, dataset.textWidth);
  const shapes = parameterShapes(config);
  const network = createNetwork(tf, config);
  const beginning = training.begin ? adoptWeights(config, training.begin, seed).weights : initialParameters(shapes, seed);
  const parameters = makeParameters(tf, beginning);
  const bins = timeBins();
  let lastValidation: number | undefined;
  const validate = async (step: number) => {
    if (!validation) return;
    lastValidation = await validationLoss(tf, network, parameters, validation.dataset, statistics);
    metric?.('validation loss', step, lastValidation);
  };
  try {
    const trained = await train<FlowBatch>({
      tf,
      parameters,
      trainable: [...shapes].filter(([, { trainable }]) => trainable).map(([name]) => name),
      objective: (batch) => flowObjective(tf, network, parameters, batch),
      data: async (step) => {
        if (validation && step > 0 && step % validation.everySteps === 0) await validate(step);
        return flowBatch(tf, network, dataset, await dataset.batchAt(step), statistics, settings, seed, step);
      },
      optimiser: settings.optimiser,
      schedule: schedule({ ...settings.schedule, totalSteps: settings.steps }),
      ...(settings.ema && { ema: settings.ema }),
      steps: settings.steps,
      seed,
      checkpoints: training.checkpoints,
      cadence: training.cadence,
      signal: training.signal,
      watch: (step, { times, perClip }) => {
        bins.add(times ?? [], perClip ?? []);
        if (step % BINS_EVERY !== 0) return;
        bins.take().forEach((loss, bin) => {
          if (loss !== undefined) metric?.(`loss at t ${bin}/8`, step, loss);
        });
      },
      ...(training.progress && { progress: training.progress }),
      ...(metric && { metric }),
      ...(training.warn && { warn: training.warn }),
      ...(training.environment && { environment: training.environment }),
    });
    await validate(trained.step);
    await writeModel(training, config, trained, lastValidation);
    const { step: steps, skipped, resumedFrom } = trained;
    return {
      directory: training.directory,
      parameters: countParameters(shapes),
      steps,
      skipped,
      resumedFrom,
      validationLoss: lastValidation,
    };
  } finally {
    network.dispose();
    tf.dispose([...parameters.values()]);
  }
}

async function writeModel(
  { settings, seed, dataset, statistics, directory }: FlowTraining,
  network: NetworkConfig,
  trained: Trained,
  loss: number | undefined,
) {
  const config = {
    format: 1 as const,
    kind: 'flow' as const,
    network,
    textTokens: dataset.textTokens,
    frames: dataset.frames,
    steps: trained.step,
    seed,
    averaged: trained.average !== undefined,
    ...(loss !== undefined && { validationLoss: loss }),
    training: settings,
  };
  await writeFlowModel(directory, config, statistics, trained.weights, trained.average);
}

/**
 * Flow-matching loss with all conditions on, at times spread evenly over (0,1) and with the noise of a fixed seed,
 * so that values of different steps and runs compare.
 */
export async function validationLoss(
  tf: Tf,
  network: Network,
  parameters: Parameters,
  dataset: FlowDataset,
  statistics: LatentStatistics,
  batches = VALIDATION_BATCHES,
): Promise<number> {
  let sum = 0;
  const none = { text: 0, video: 0, textOfVideo: 0 };
  for (let i = 0; i < batches; i++) {
    const batch = flowBatch(
      tf,
      network,
      dataset,
      await dataset.batchAt(i),
      statistics,
      { times: 'uniform', dropout: none },
      VALIDATION_SEED,
      i,
    );
    const times = tf.tensor1d(
      Float32Array.from({ length: dataset.batch }, (_, clip) => (i * dataset.batch + clip + 0.5) / (batches * dataset.batch)),
    );
    const loss = tf.tidy(() => flowObjective(tf, network, parameters, { ...batch, times }).loss);
    sum += loss.dataSync()[0] ?? Number.NaN;
    tf.dispose([loss, times, batch]);
  }
  return sum / batches;
}
