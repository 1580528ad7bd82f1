import { compileNamed, type NamedTensors } from '../../backend/index.ts';
import { initialParameters } from '../../network/parameters.ts';
import type { RollPredictorConfig } from '../../network/roll-predictor/config.ts';
import { predictRoll } from '../../network/roll-predictor/predict-roll.ts';
import { rollPredictorShapes } from '../../network/roll-predictor/shapes.ts';
import { gatherWindows } from '../../network/roll-predictor/windows.ts';
import type { Tensor, Tf, Weights } from '../../network/tensor-types.ts';
import { type RollLoss, rollLoss, rollMonitor } from '../../objectives/roll-loss.ts';
import { rollObjective } from '../../objectives/roll-prediction.ts';
import { type Trained, type TrainingOptions, train } from '../loop.ts';
import { writeModel } from '../model-folder.ts';
import type { AdamOptions } from '../optimiser.ts';
import { type ScheduleOptions, schedule } from '../schedule.ts';
import { toTensor } from '../state.ts';
import type { RollDataset, RollExamples } from './dataset.ts';
import { settleNorms } from './settle-norms.ts';

export interface RollTraining
  extends Pick<
    TrainingOptions<never>,
    'precision' | 'checkpoints' | 'cadence' | 'signal' | 'progress' | 'metric' | 'warn' | 'environment'
  > {
  readonly tf: Tf;
  readonly predictor: RollPredictorConfig;
  readonly loss: RollLoss;
  readonly steps: number;
  readonly optimiser: AdamOptions & { readonly clipNorm?: number };
  readonly schedule: Omit<ScheduleOptions, 'totalSteps'>;
  readonly seed: number;
  readonly dataset: RollDataset;
  readonly validation?: { readonly dataset: RollDataset; readonly everySteps: number };
  /** Where `model.safetensors` and `config.json` go. */
  readonly directory: string;
}

const VALIDATION_BATCHES = 8;
const WEIGHT = 'weight/';
type RollBatch = NamedTensors & Record<'windows' | 'target' | 'sustain', Tensor>;

/** Stage 2.1a: the roll predictor alone. Resumes from the newest checkpoint; writes a model folder at the end. */
export async function trainRoll(training: RollTraining): Promise<Trained> {
  const { validation, ...rest } = training;
  const { tf, predictor, loss, steps, seed, dataset } = rest;
  const shapes = rollPredictorShapes(predictor);
  const judge = validation && rollValidation(training, validation.dataset);
  try {
    const trained = await train<RollBatch>({
      ...rest,
      shapes,
      begin: () => initialParameters(shapes, seed),
      phases: [
        {
          trainable: [...shapes].filter(([, { trainable }]) => trainable).map(([name]) => name),
          objective: (weights, batch) => {
            const { loss: value, buffers } = rollObjective(tf, predictor, loss, weights, {
              ...batch,
              windows: windowsOf(tf, predictor, batch),
            });
            return { loss: value, buffers };
          },
          optimiser: training.optimiser,
          schedule: schedule({ ...training.schedule, totalSteps: steps }),
        },
      ],
      data: async (step) => rollBatch(tf, predictor, dataset.batch, await dataset.batchAt(step)),
      ...(validation && judge && { validation: { everySteps: validation.everySteps, run: judge.run } }),
    });
    const weights = await settleNorms(
      tf,
      trained.weights,
      (own, batch: RollBatch) => predictRoll(tf, predictor, own, windowsOf(tf, predictor, batch), { training: true }).buffers,
      async (index) => rollBatch(tf, predictor, dataset.batch, await dataset.batchAt(steps + index)),
    );
    const settled = new Map([...weights].map(([name, array]) => [name, toTensor(tf, array)]));
    const validationLoss = await judge?.run(settled, steps);
    tf.dispose(Object.fromEntries(settled));
    const config = {
      format: 1,
      kind: 'roll-predictor',
      predictor,
      loss,
      steps,
      seed,
      ...(validationLoss !== undefined && { validationLoss }),
    } as const;
    await writeModel(training.directory, config, weights);
    return { ...trained, weights, validationLoss };
  } finally {
    judge?.dispose();
  }
}

function rollBatch(
  tf: Tf,
  { height, width, window, keys }: RollPredictorConfig,
  batch: number,
  { pictures, target, sustain }: RollExamples,
): RollBatch {
  const views = Object.entries(pictures).map(([view, data]) => [`picture/${view}`, tf.tensor(data, [batch * window, height, width])]);
  const indices = Int32Array.from({ length: batch * window }, (_, i) => i);
  return {
    ...Object.fromEntries(views),
    windows: tf.tensor(indices, [batch, window], 'int32'),
    target: tf.tensor(target, [batch, keys]),
    sustain: tf.tensor(sustain, [batch, 1]),
  };
}

const windowsOf = (tf: Tf, predictor: RollPredictorConfig, batch: RollBatch): Tensor =>
  gatherWindows(
    tf,
    predictor,
    predictor.views.flatMap((view) => batch[`picture/${view}`] ?? []),
    batch.windows,
  );

/** Loss on frames that are not trained on, with the running estimates of the norms; tells precision, recall and F1 as metrics, and how often the pedal is right. */
function rollValidation({ tf, predictor, loss: kind, metric }: RollTraining, dataset: RollDataset) {
  const compiled = compileNamed(tf, (inputs) => {
    const entries = Object.entries(inputs);
    const weights = new Map(entries.flatMap(([name, w]) => (name.startsWith(WEIGHT) ? [[name.slice(WEIGHT.length), w]] : [])));
    const batch = inputs as RollBatch;
    const { logits, sustain } = predictRoll(tf, predictor, weights, windowsOf(tf, predictor, batch), { training: false });
    const agrees = (pedal: Tensor) => tf.mean(tf.cast(tf.equal(tf.greater(pedal, 0), tf.greater(batch.sustain, 0.5)), 'float32'));
    return {
      loss: rollLoss(tf, kind, kind === 'audeo' ? logits : tf.sigmoid(logits), batch.target),
      roll: tf.sigmoid(logits),
      ...(sustain && { pedal: agrees(sustain) }),
    };
  });
  return {
    async run(weights: Weights, step: number): Promise<number> {
      const named = Object.fromEntries([...weights].map(([name, w]) => [WEIGHT + name, w]));
      const [rolls, targets]: [Tensor[], Tensor[]] = [[], []];
      let [sum, pedals] = [0, 0];
      for (let i = 0; i < VALIDATION_BATCHES; i++) {
        const batch = rollBatch(tf, predictor, dataset.batch, await dataset.batchAt(i));
        const { loss, roll, pedal } = compiled.call({ ...named, ...batch });
        sum += loss?.dataSync()[0] ?? Number.NaN;
        pedals += pedal?.dataSync()[0] ?? Number.NaN;
        if (roll) rolls.push(roll);
        targets.push(tf.clone(batch.target));
        tf.dispose([batch, ...(loss ? [loss] : []), ...(pedal ? [pedal] : [])]);
      }
      // The monitor takes three latents for one frame; here every frame stands for itself three times.
      const monitor = tf.tidy(() => {
        const thrice = (x: Tensor) => tf.reshape(tf.tile(tf.expandDims(x, 1), [1, 3, 1]), [1, -1, predictor.keys]);
        return rollMonitor(tf, thrice(tf.concat(rolls, 0)), thrice(tf.greater(tf.concat(targets, 0), 0).toFloat()));
      });
      const [precision, recall, f1] = monitor.dataSync();
      tf.dispose([monitor, ...rolls, ...targets]);
      for (const [name, value] of Object.entries({ precision, recall, F1: f1 })) metric?.(`validation ${name}`, step, value ?? Number.NaN);
      if (predictor.sustain) metric?.('validation pedal accuracy', step, pedals / VALIDATION_BATCHES);
      return sum / VALIDATION_BATCHES;
    },
    dispose: compiled.dispose,
  };
}
