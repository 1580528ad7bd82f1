import { compileNamed, type NamedTensors } from '../../backend/index.ts';
import { rollScores } from '../../metrics/roll-metrics.ts';
import { initialParameters } from '../../network/parameters.ts';
import type { RollToMidiConfig } from '../../network/roll-to-midi/config.ts';
import { drawDropout } from '../../network/roll-to-midi/dropout.ts';
import { generateRoll } from '../../network/roll-to-midi/generator.ts';
import { rollToMidiShapes } from '../../network/roll-to-midi/shapes.ts';
import type { Tensor, Tf, Weights } from '../../network/tensor-types.ts';
import { discriminatorObjective, generatorObjective, type RollToMidiBatch } from '../../objectives/roll-to-midi.ts';
import { type Trained, type TrainingOptions, train } from '../loop.ts';
import { writeModel } from '../model-folder.ts';
import type { Phase } from '../phase.ts';
import { toTensor } from '../state.ts';
import type { RollWindows } from './dataset.ts';
import type { RollToMidiModelConfig } from './model-files.ts';

type Batch = NamedTensors & RollToMidiBatch;

export interface RollToMidiTraining
  extends Pick<
    TrainingOptions<never>,
    'precision' | 'checkpoints' | 'cadence' | 'signal' | 'progress' | 'metric' | 'warn' | 'environment'
  > {
  readonly tf: Tf;
  readonly network: RollToMidiConfig;
  readonly steps: number;
  /** Of generator and discriminator alike. */
  readonly learning: Pick<Phase<Batch>, 'optimiser' | 'schedule'>;
  readonly seed: number;
  readonly dataset: RollWindows;
  readonly validation?: { readonly dataset: RollWindows; readonly everySteps: number };
  /** Where `model.safetensors` and `config.json` go. */
  readonly directory: string;
}

const METRIC_EVERY = 10;
const WEIGHT = 'weight/';

/**
 * Audeo's Roll2Midi (Su et al. 2020), from predicted to played rolls: generator and discriminator take a step in turn, each with its own
 * optimiser. Resumes from the newest checkpoint; writes a model folder at the end.
 */
export async function trainRollToMidi(training: RollToMidiTraining): Promise<Trained> {
  const { network, learning, dataset, validation, ...rest } = training;
  const { tf, seed, steps, metric } = rest;
  const { batch, keys, frames } = dataset;
  const shapes = rollToMidiShapes(network);
  const part = (prefix: string) => [...shapes].flatMap(([name, { trainable }]) => (trainable && name.startsWith(prefix) ? [name] : []));
  const judge = validation && rollValidation(training, validation.dataset);
  try {
    const trained = await train<Batch>({
      ...rest,
      shapes,
      begin: () => initialParameters(shapes, seed),
      phases: [
        { ...learning, trainable: part('generator.'), objective: (weights, batch) => generatorObjective(tf, network, weights, batch) },
        {
          ...learning,
          trainable: part('discriminator.'),
          objective: (weights, batch) => discriminatorObjective(tf, network, weights, batch),
        },
      ],
      data: (step) => {
        const masks = [...drawDropout(network, { batch, keys, frames, seed, step })].map(([name, mask]) => [name, toTensor(tf, mask)]);
        return { ...rollsAt(tf, dataset, step), ...Object.fromEntries(masks) };
      },
      watch: (step, watched) => {
        if (step % METRIC_EVERY === 0) for (const [name, value] of Object.entries(watched)) metric?.(name, step, value[0] ?? Number.NaN);
      },
      ...(validation && judge && { validation: { everySteps: validation.everySteps, run: judge.run } }),
    });
    const { validationLoss } = trained;
    const config: RollToMidiModelConfig = { format: 1, kind: 'roll-to-midi', network, keys, frames, steps, seed };
    await writeModel(training.directory, { ...config, ...(validationLoss !== undefined && { validationLoss }) }, trained.weights);
    return trained;
  } finally {
    judge?.dispose();
  }
}

function rollsAt(tf: Tf, { batch, keys, frames, batchAt }: RollWindows, step: number) {
  const { roll, target } = batchAt(step);
  return { roll: tf.tensor(roll, [batch, keys, frames]), target: tf.tensor(target, [batch, keys, frames]) };
}

/** Squared error on all windows that are not trained on, with the running estimates of the norms; tells precision, recall and F1 from 0.5 on as metrics. */
function rollValidation({ tf, network, metric }: RollToMidiTraining, dataset: RollWindows) {
  const compiled = compileNamed(tf, ({ roll, target, ...inputs }) => {
    const weights = new Map(Object.entries(inputs).map(([name, w]) => [name.slice(WEIGHT.length), w]));
    const found = generateRoll(tf, network, weights, roll as Tensor, { training: false }).roll;
    const byFrame = (x: Tensor) => tf.transpose(x, [0, 2, 1]);
    return { error: tf.mean(tf.squaredDifference(found, target as Tensor)), found: byFrame(found), played: byFrame(target as Tensor) };
  });
  return {
    async run(weights: Weights, step: number): Promise<number> {
      const named = Object.fromEntries([...weights].map(([name, w]) => [WEIGHT + name, w]));
      const batches = Math.ceil(dataset.windows / dataset.batch);
      const cells = dataset.batch * dataset.keys * dataset.frames;
      const [found, played] = [new Float32Array(batches * cells), new Float32Array(batches * cells)];
      let sum = 0;
      for (let i = 0; i < batches; i++) {
        const rolls = rollsAt(tf, dataset, i);
        const outputs = compiled.call({ ...named, ...rolls });
        sum += outputs['error']?.dataSync()[0] ?? Number.NaN;
        found.set(outputs['found']?.dataSync() ?? [], i * cells);
        played.set(outputs['played']?.dataSync() ?? [], i * cells);
        tf.dispose([rolls, outputs]);
      }
      const { precision, recall, f1 } = rollScores(found, played, { keys: dataset.keys, averaging: 'samples', predictionThreshold: 0.5 });
      for (const [name, value] of Object.entries({ precision, recall, F1: f1 })) metric?.(`validation ${name}`, step, value);
      return sum / batches;
    },
    dispose: compiled.dispose,
  };
}
