import { setImmediate } from 'node:timers/promises';
import { SostenutoError } from '../../errors/problem.ts';
import type { NamedArray } from '../network/parameters.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';
import type { Checkpoint, Checkpoints } from './checkpoints.ts';
import { type EmaOptions, ema, emaDecay } from './ema.ts';
import { flatten, globalNorm, type Layout, named } from './flat.ts';
import { type AdamOptions, adam, clipFactor } from './optimiser.ts';
import { type Stopwatch, stopwatch, type TrainingProgress } from './progress.ts';
import type { Schedule } from './schedule.ts';
import {
  beginTraining,
  disposeState,
  type Parameters,
  publishWeights,
  readState,
  type TrainingTensors,
  trainingLayout,
  writeState,
} from './state.ts';

/** What a step function returns. It is pure: batch and weights in, tensors out, no host reads, static shapes. */
export interface Objective {
  /** Scalar to be made small. */
  readonly loss: Tensor;
  /** Vectors to look at, read back after the step. */
  readonly watched?: Readonly<Record<string, Tensor>>;
}
export type Batch = Readonly<Record<string, Tensor>>;

export interface TrainingOptions<B extends Batch> {
  readonly tf: Tf;
  readonly parameters: Parameters;
  /** Names that are trained; all others stay as they are. */
  readonly trainable: readonly string[];
  readonly objective: (batch: B, step: number) => Objective;
  /** Everything a step reads, randomness included, as a function of the step alone. The loop frees it. */
  readonly data: (step: number) => B | Promise<B>;
  readonly optimiser: AdamOptions & { readonly clipNorm?: number };
  readonly schedule: Schedule;
  readonly ema?: EmaOptions;
  readonly steps: number;
  readonly seed: number;
  readonly checkpoints: Checkpoints;
  /** When to save: after so many steps or seconds, whichever comes first. */
  readonly cadence: { readonly steps?: number; readonly seconds?: number };
  readonly signal: AbortSignal;
  readonly progress?: (progress: TrainingProgress) => void;
  readonly metric?: (name: string, step: number, value: number) => void;
  readonly warn?: (message: string) => void;
  readonly watch?: (step: number, watched: Readonly<Record<string, Float32Array>>) => void;
  /** Five things that decide the last bits: machine, library, backend, threads, flags. Recorded; a difference is a warning. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Non-finite steps in a row before going back to the last checkpoint, and how often to go back before failing. */
  readonly divergence?: { readonly skips: number; readonly rollbacks: number };
}

export interface Trained {
  readonly step: number;
  readonly weights: Map<string, NamedArray>;
  readonly average: Map<string, NamedArray> | undefined;
  readonly skipped: number;
  /** Step at which this call began. */
  readonly resumedFrom: number;
}

/** The small part of a checkpoint. */
interface Counters {
  /** Steps done. */
  step: number;
  /** Steps whose gradients were applied; Adam and the average count these. */
  updates: number;
  skipped: number;
  smoothedLoss: number;
}

const SMOOTHING = 0.95;
const METRIC_EVERY = 10;

/**
 * Trains up to `steps` steps from the newest checkpoint, or from the first values of the parameters.
 * A run that was stopped and resumed ends with the same bytes as one that was not. A step whose loss or gradient is not
 * finite is skipped and counted; after some in a row the loop goes back to the last checkpoint.
 * Throws `signal.reason` (after saving) when aborted, `TRAINING_DIVERGED` and `CHECKPOINT_MISMATCH`.
 */
export async function train<B extends Batch>(options: TrainingOptions<B>): Promise<Trained> {
  const { tf, parameters, checkpoints, signal, steps, seed, cadence } = options;
  const { skips, rollbacks } = options.divergence ?? { skips: 5, rollbacks: 1 };
  const layout = trainingLayout(parameters, options.trainable);
  const withAverage = options.ema !== undefined;
  const start = await checkpoints.latest({ notAfter: steps });
  if (start) options.metric?.('resumed', start.step, 1);
  let { tensors, counters } = start
    ? await restore(options, layout, start)
    : { tensors: beginTraining(tf, parameters, layout, withAverage), counters: { step: 0, updates: 0, skipped: 0, smoothedLoss: 0 } };
  publishWeights(tf, parameters, layout, tensors.weights);

  const resumedFrom = counters.step;
  const clock = stopwatch();
  let savedAt = counters.step;
  let savedSeconds = clock.seconds();
  let badInARow = 0;
  let wentBack = 0;
  const save = async () => {
    const state = { format: 1, seed, ...counters, ...(options.environment && { environment: options.environment }) };
    await checkpoints.save(counters.step, state, (directory) => writeState(directory, parameters, layout, tensors));
    savedAt = counters.step;
    savedSeconds = clock.seconds();
  };

  while (counters.step < steps) {
    await setImmediate();
    if (signal.aborted) {
      if (counters.step > savedAt && badInARow === 0) await save();
      disposeState(tf, tensors);
      throw signal.reason;
    }
    const step = counters.step;
    const batch = await clock.waiting(async () => options.data(step));
    const result = gradientsOf(options, layout, batch, step);
    tf.dispose(batch);
    const finite = Number.isFinite(result.loss) && Number.isFinite(result.norm);
    counters.step = step + 1;
    if (finite) {
      tensors = applyGradients(options, layout, tensors, result, step, counters.updates + 1);
      counters.updates++;
      badInARow = 0;
      counters.smoothedLoss = counters.updates === 1 ? result.loss : SMOOTHING * counters.smoothedLoss + (1 - SMOOTHING) * result.loss;
      report(options, counters, result, clock, resumedFrom);
    } else {
      counters.skipped++;
      badInARow++;
      options.warn?.(`Step ${step}: loss ${result.loss}, gradient norm ${result.norm}; the step is skipped.`);
    }
    result.gradient.dispose();
    if (badInARow >= skips) {
      const good = await checkpoints.latest({ notAfter: counters.step });
      if (!good || wentBack >= rollbacks) {
        disposeState(tf, tensors);
        throw diverged(step, badInARow, good, options.schedule(step));
      }
      wentBack++;
      badInARow = 0;
      disposeState(tf, tensors);
      const skipped = counters.skipped;
      ({ tensors, counters } = await restore(options, layout, good));
      counters.skipped = skipped;
      publishWeights(tf, parameters, layout, tensors.weights);
      options.warn?.(`Went back to the checkpoint of step ${counters.step}.`);
      continue;
    }
    const due = counters.step - savedAt >= (cadence.steps ?? Infinity) || clock.seconds() - savedSeconds >= (cadence.seconds ?? Infinity);
    if (badInARow === 0 && (due || counters.step === steps)) await save();
  }
  const weights = new Map([...parameters].map(([name, tensor]) => [name, { shape: tensor.shape, data: tensor.dataSync<'float32'>() }]));
  const average = tensors.average && named(layout, tensors.average);
  disposeState(tf, tensors);
  return { step: counters.step, weights, average, skipped: counters.skipped, resumedFrom };
}

interface Step {
  readonly loss: number;
  readonly norm: number;
  /** All gradients as one vector. */
  readonly gradient: Tensor;
  readonly watched: Readonly<Record<string, Float32Array>>;
}

function gradientsOf<B extends Batch>({ tf, parameters, objective }: TrainingOptions<B>, layout: Layout, batch: B, step: number): Step {
  const leaves = layout.names.map((name) => parameters.get(name) as Tensor);
  let watched: [string, Tensor][] = [];
  const { numbers, gradient, looked } = tf.tidy(() => {
    const forward = () => {
      const { loss, watched: seen = {} } = objective(batch, step);
      watched = Object.entries(seen).map(([name, tensor]) => [name, tf.keep(tensor)]);
      return tf.reshape(loss, []) as ReturnType<Tf['scalar']>;
    };
    const { value, grads } = tf.valueAndGrads(forward)(leaves);
    const gradient = flatten(tf, grads);
    const norm = globalNorm(tf, gradient);
    return { numbers: tf.stack([value, norm]), gradient, looked: watched };
  });
  const [loss = Number.NaN, norm = Number.NaN] = numbers.dataSync();
  numbers.dispose();
  const read = Object.fromEntries(looked.map(([name, tensor]) => [name, tensor.dataSync<'float32'>()]));
  tf.dispose(looked.map(([, tensor]) => tensor));
  return { loss, norm, gradient, watched: read };
}

function applyGradients<B extends Batch>(
  options: TrainingOptions<B>,
  layout: Layout,
  old: TrainingTensors,
  step: Step,
  index: number,
  update: number,
): TrainingTensors {
  const { tf, optimiser } = options;
  const fresh = tf.tidy(() => {
    const factor = optimiser.clipNorm === undefined ? 1 : clipFactor(step.norm, optimiser.clipNorm);
    const gradient = factor < 1 ? tf.mul(step.gradient, factor) : step.gradient;
    const { first, second, change } = adam(tf, optimiser, old.moments, gradient, update, options.schedule(index));
    const weights = tf.add(old.weights, change);
    const average = options.ema && old.average ? ema(tf, old.average, weights, emaDecay(options.ema, update)) : undefined;
    return { weights, moments: { first, second }, average };
  });
  disposeState(tf, old);
  publishWeights(tf, options.parameters, layout, fresh.weights);
  return fresh;
}

async function restore<B extends Batch>(options: TrainingOptions<B>, layout: Layout, checkpoint: Checkpoint) {
  const state = checkpoint.state as Counters & { seed?: number; environment?: Record<string, string> };
  if (state.seed !== options.seed) {
    const problem = { code: 'CHECKPOINT_MISMATCH', what: 'The checkpoint was made with another seed.', where: checkpoint.directory };
    throw new SostenutoError({ ...problem, found: String(state.seed), expected: String(options.seed) });
  }
  for (const [name, value] of Object.entries(options.environment ?? {})) {
    const before = state.environment?.[name];
    if (before !== undefined && before !== value)
      options.warn?.(`The training goes on with another ${name} (${value} after ${before}): its last bits may differ.`);
  }
  const tensors = await readState(options.tf, checkpoint.directory, options.parameters, layout, options.ema !== undefined);
  const { step, updates, skipped, smoothedLoss } = state;
  return { tensors, counters: { step, updates, skipped, smoothedLoss } };
}

function report<B extends Batch>(options: TrainingOptions<B>, counters: Counters, result: Step, clock: Stopwatch, from: number): void {
  const { step, smoothedLoss, skipped } = counters;
  const stepsPerSecond = (step - from) / Math.max(clock.seconds(), 1e-3);
  const etaSeconds = (options.steps - step) / Math.max(stepsPerSecond, 1e-6);
  const rate = options.schedule(step - 1);
  options.watch?.(step, result.watched);
  options.progress?.({
    step,
    of: options.steps,
    loss: smoothedLoss,
    gradientNorm: result.norm,
    rate,
    stepsPerSecond,
    dataWaitPercent: clock.waitedPercent(),
    etaSeconds,
    skipped,
  });
  if (step % METRIC_EVERY !== 0 && step !== options.steps) return;
  options.metric?.('loss', step, smoothedLoss);
  options.metric?.('gradient norm', step, result.norm);
  options.metric?.('learning rate', step, rate);
}

function diverged(step: number, bad: number, good: Checkpoint | undefined, rate: number): SostenutoError {
  return new SostenutoError({
    code: 'TRAINING_DIVERGED',
    what: `The training has no finite loss any more: ${bad} steps in a row had to be skipped, the last was step ${step}.`,
    where: good ? `last good checkpoint: step ${good.step} in ${good.directory}` : 'no checkpoint had been saved',
    found: `learning rate ${rate}`,
    hint: 'Look for NaN in the features, lower the learning rate or the clip norm, and start again: it continues from that checkpoint.',
  });
}
