import { setImmediate } from 'node:timers/promises';
import { SostenutoError } from '../../errors/problem.ts';
import type { Precision } from '../backend/index.ts';
import type { Tf, Weights } from '../network/tensor-types.ts';
import type { Checkpoint, Checkpoints } from './checkpoints.ts';
import type { EmaOptions } from './ema.ts';
import { layoutOf } from './flat.ts';
import { type Batch, type Gradient, type Phase, phaseStep } from './phase.ts';
import { report, stopwatch, type TrainingProgress } from './progress.ts';
import {
  beginTraining,
  currentWeights,
  disposeState,
  type NamedArrays,
  readState,
  type Shaped,
  snapshot,
  toTensor,
  writeSnapshot,
} from './state.ts';
import { takeStep } from './step.ts';

export interface TrainingOptions<B extends Batch> {
  readonly tf: Tf;
  /** Of all weights, trained or not. */
  readonly shapes: Shaped;
  /** Their first values; asked for only where there is no checkpoint, and not held on the host afterwards. */
  readonly begin: () => NamedArrays | Promise<NamedArrays>;
  /** Another, finished model that the objective compares with. Its digest goes into every checkpoint and is compared on resume. */
  readonly reference?: Reference;
  /** Every step takes all of them in this order. */
  readonly phases: readonly Phase<B>[];
  /** Everything a step reads, randomness included, as a function of the step alone. The loop frees it. */
  readonly data: (step: number) => B | Promise<B>;
  /** Batches whose gradients are averaged for one update; batch i of step k is `data(k·accumulate + i)`. Default 1. */
  readonly accumulate?: number;
  readonly ema?: EmaOptions;
  /** Of matrix products and convolutions in the forward and backward pass; default `f32`. Weights and moments always are float32. */
  readonly precision?: Precision;
  readonly steps: number;
  readonly seed: number;
  readonly checkpoints: Checkpoints;
  /** When to save: after so many steps or seconds, whichever comes first. */
  readonly cadence: { readonly steps?: number; readonly seconds?: number };
  readonly signal: AbortSignal;
  /** The loss of the averaged weights on what is not trained on, every so many steps and at the end; a checkpoint of such a step has its negative as score. */
  readonly validation?: { readonly everySteps: number; readonly run: (weights: Weights, step: number) => Promise<number> };
  readonly progress?: (progress: TrainingProgress) => void;
  readonly metric?: (name: string, step: number, value: number) => void;
  readonly warn?: (message: string) => void;
  readonly watch?: (step: number, watched: Gradient['watched']) => void;
  /** Five things that decide the last bits: machine, library, backend, threads, flags. Recorded; a difference is a warning. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Non-finite steps in a row before going back to the last checkpoint, and how often to go back before failing. */
  readonly divergence?: { readonly skips: number; readonly rollbacks: number };
}

export interface Reference {
  readonly digest: string;
  /** Asked for once and not held on the host. */
  readonly weights: () => NamedArrays | Promise<NamedArrays>;
}

export interface Trained {
  readonly step: number;
  readonly weights: NamedArrays;
  readonly average: NamedArrays | undefined;
  readonly skipped: number;
  /** Step at which this call began. */
  readonly resumedFrom: number;
  readonly validationLoss: number | undefined;
}

/** The small part of a checkpoint. */
export interface Counters {
  /** Steps done. */
  step: number;
  /** Of each phase, the steps whose gradients were applied; Adam and the average count these. */
  updates: number[];
  skipped: number;
  smoothedLoss: number;
}

const SMOOTHING = 0.95;

/**
 * Trains up to `steps` steps from the newest checkpoint, or from the first values of the weights.
 * A run that was stopped and resumed ends with the same bytes as one that was not. A step whose loss or gradient is not
 * finite is skipped and counted; after some in a row the loop goes back to the last checkpoint.
 * Throws `signal.reason` (after saving) when aborted, `TRAINING_DIVERGED` and `CHECKPOINT_MISMATCH`.
 */
export async function train<B extends Batch>(options: TrainingOptions<B>): Promise<Trained> {
  const { tf, shapes, checkpoints, signal, steps, seed, cadence, validation } = options;
  const { skips, rollbacks } = options.divergence ?? { skips: 5, rollbacks: 1 };
  const layouts = options.phases.map(({ trainable }) => layoutOf(shapes, trainable));
  const pass = { ...(options.precision && { precision: options.precision }), ...(options.warn && { notice: options.warn }) };
  const executors = options.phases.map((_, i) => phaseStep(tf, options.phases, layouts, i, pass));
  const reference = [...((await options.reference?.weights()) ?? [])].map(([name, array]) => [name, toTensor(tf, array)] as const);
  const load = async (checkpoint: Checkpoint) => {
    const counters = readCounters(options, checkpoint);
    return { state: await readState(tf, checkpoint.directory, shapes, layouts, options.ema !== undefined), counters };
  };

  const start = await checkpoints.latest({ notAfter: steps });
  if (start) options.metric?.('resumed', start.step, 1);
  let { state, counters } = start
    ? await load(start)
    : {
        state: beginTraining(tf, await options.begin(), layouts, options.ema !== undefined),
        counters: { step: 0, updates: layouts.map(() => 0), skipped: 0, smoothedLoss: 0 } as Counters,
      };
  const resumedFrom = counters.step;
  const clock = stopwatch();
  let savedAt = counters.step;
  let savedSeconds = clock.seconds();
  let badInARow = 0;
  let wentBack = 0;
  let validationLoss: number | undefined;
  let validatedAt = -1;

  const save = async () => {
    const { reference: against } = options;
    const environment = environmentOf(options);
    const saved = {
      format: 2,
      seed,
      ...structuredClone(counters),
      environment,
      ...(against && { reference: against.digest }),
    };
    const copy = snapshot(state, layouts);
    const score = validationLoss !== undefined && validatedAt === counters.step ? -validationLoss : undefined;
    await checkpoints.save(counters.step, saved, (directory) => writeSnapshot(directory, copy), score);
    savedAt = counters.step;
    savedSeconds = clock.seconds();
  };
  const validate = async () => {
    if (!validation) return;
    const current = currentWeights(tf, state, layouts);
    validationLoss = await validation.run(current.weights, counters.step).finally(current.dispose);
    validatedAt = counters.step;
    options.metric?.('validation loss', counters.step, validationLoss);
  };

  try {
    while (counters.step < steps) {
      await setImmediate();
      if (signal.aborted) {
        if (counters.step > savedAt && badInARow === 0) await save();
        throw signal.reason;
      }
      const step = counters.step;
      const batches = await clock.waiting(() => batchesOf(options, step));
      const context = { step, updates: counters.updates, reference: new Map(reference), ema: options.ema };
      const result = takeStep(tf, options.phases, executors, state, batches, context);
      tf.dispose(batches);
      counters.step = step + 1;
      if (result.finite) {
        badInARow = 0;
        const { loss } = result;
        counters.smoothedLoss = counters.updates[0] === 1 ? loss : SMOOTHING * counters.smoothedLoss + (1 - SMOOTHING) * loss;
        report(options, counters, result, clock, resumedFrom);
      } else {
        counters.skipped++;
        badInARow++;
        options.warn?.(`Step ${step}: loss ${result.loss}, gradient norm ${result.norm}; the step is skipped.`);
      }
      if (badInARow >= skips) {
        const good = await checkpoints.latest({ notAfter: counters.step });
        if (!good || wentBack >= rollbacks) throw diverged(step, badInARow, good, options.phases[0]?.schedule(step) ?? 0);
        wentBack++;
        badInARow = 0;
        const { skipped } = counters;
        disposeState(tf, state);
        ({ state, counters } = await load(good));
        counters.skipped = skipped;
        options.warn?.(`Went back to the checkpoint of step ${counters.step}.`);
        continue;
      }
      if (counters.step === steps || counters.step % (validation?.everySteps ?? Infinity) === 0) await validate();
      const due = counters.step - savedAt >= (cadence.steps ?? Infinity) || clock.seconds() - savedSeconds >= (cadence.seconds ?? Infinity);
      if (badInARow === 0 && (due || counters.step === steps)) await save();
    }
    if (validationLoss === undefined) await validate();
    const { weights, average } = snapshot(state, layouts);
    return { step: counters.step, weights, average, skipped: counters.skipped, resumedFrom, validationLoss };
  } finally {
    disposeState(tf, state);
    tf.dispose(reference.map(([, tensor]) => tensor));
    for (const executor of executors) executor.dispose();
  }
}

/** The precision counts as a part of the machine: what it changes is the last bits. */
const environmentOf = <B extends Batch>({ environment, precision = 'f32' }: TrainingOptions<B>) => ({ ...environment, precision });

const batchesOf = <B extends Batch>({ data, accumulate = 1 }: TrainingOptions<B>, step: number): Promise<B[]> =>
  Promise.all(Array.from({ length: accumulate }, async (_, i) => data(step * accumulate + i)));

function readCounters<B extends Batch>(options: TrainingOptions<B>, { state, directory }: Checkpoint): Counters {
  const saved = state as Counters & { seed?: number; reference?: string; environment?: Record<string, string> };
  const differs = (what: string, found: unknown, expected: unknown) =>
    new SostenutoError({
      code: 'CHECKPOINT_MISMATCH',
      what: `The checkpoint was made with ${what}.`,
      where: directory,
      found: String(found),
      expected: String(expected),
    });
  if (saved.seed !== options.seed) throw differs('another seed', saved.seed, options.seed);
  if (saved.reference !== options.reference?.digest) throw differs('another reference model', saved.reference, options.reference?.digest);
  for (const [name, value] of Object.entries(environmentOf(options))) {
    const before = saved.environment?.[name];
    if (before !== undefined && before !== value)
      options.warn?.(`The training goes on with another ${name} (${value} after ${before}): its last bits may differ.`);
  }
  const { step, updates, skipped, smoothedLoss } = saved;
  return { step, updates: [...updates], skipped, smoothedLoss };
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
