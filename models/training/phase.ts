import { type CompileOptions, compileNamed, type NamedTensors } from '../backend/index.ts';
import { at } from '../network/differentiable.ts';
import type { Tensor, Tf, Weights } from '../network/tensor-types.ts';
import { ema } from './ema.ts';
import { globalNorm, type Layout, unflatten } from './flat.ts';
import { type AdamOptions, adam, adamScalars, clipFactor, type Moments } from './optimiser.ts';
import type { Schedule } from './schedule.ts';

export type Batch = NamedTensors;

/** What a step function returns. It is pure: weights and batch in, tensors out, no host reads, static shapes. */
export interface Objective {
  /** Scalar to be made small. */
  readonly loss: Tensor;
  /** To look at; read back after the step. */
  readonly watched?: NamedTensors;
  /** New values of weights that no gradient trains, such as running estimates of a batch norm; by their names. */
  readonly buffers?: NamedTensors;
}

/** Weights that are trained together by one optimiser. A training may alternate between several, each with its objective. */
export interface Phase<B extends Batch> {
  /** Names that are trained; all others stay as they are. */
  readonly trainable: readonly string[];
  readonly objective: (weights: Weights, batch: B) => Objective;
  readonly optimiser: AdamOptions & { readonly clipNorm?: number };
  readonly schedule: Schedule;
}

/** Tensors of a phase, each [Σ sizes]. */
export interface PhaseTensors {
  weights: Tensor;
  moments: Moments;
  average: Tensor | undefined;
}

export interface Gradient {
  readonly loss: number;
  /** ‖gradient‖₂ over all weights of the phase. */
  readonly norm: number;
  readonly gradient: Tensor;
  readonly watched: Readonly<Record<string, Float32Array>>;
  readonly buffers: NamedTensors;
}

/** Numbers of an update: the norm of its gradient, its learning rate, its count from 1, and the share of the average that moves. */
export interface Update {
  readonly norm: number;
  readonly rate: number;
  readonly update: number;
  readonly averageShare?: number;
}

export interface PhaseStep<B extends Batch> {
  /** `flats`: trained weights of all phases in their order; `fixed`: all that no phase trains. The tensors of the result are the caller's. */
  gradient(flats: readonly Tensor[], fixed: Weights, batch: B): Gradient;
  /** Adam with the norm clipped, and the average; frees nothing. */
  apply(state: PhaseTensors, gradient: Tensor, update: Update): PhaseTensors;
  dispose(): void;
}

const FLAT = 'flat/';
const FIXED = 'fixed/';
const BATCH = 'batch/';
const WATCHED = 'watched/';
const BUFFER = 'buffer/';
const prefixed = (prefix: string, tensors: Iterable<readonly [string | number, Tensor]>) =>
  Object.fromEntries(Array.from(tensors, ([name, tensor]) => [prefix + name, tensor]));
const below = (prefix: string, tensors: NamedTensors) =>
  Object.entries(tensors).flatMap(([name, tensor]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : []));
const split = (tf: Tf, layout: Layout, flat: Tensor) =>
  unflatten(tf, layout, flat).map((tensor, i) => [layout.names[i] ?? '', tensor] as const);

/**
 * Phase `own` of a training. Forward and backward pass are one compiled call, the update is another, so that gradients of several
 * batches can be added between them. `options` are the pass's; the update is always in float32.
 */
export function phaseStep<B extends Batch>(
  tf: Tf,
  phases: readonly Phase<B>[],
  layouts: readonly Layout[],
  own: number,
  options: CompileOptions = {},
): PhaseStep<B> {
  const phase = at(phases, own);
  const pass = compileNamed(
    tf,
    (inputs) => {
      const kept: [string, Tensor][] = [];
      const keep = (prefix: string, tensors: NamedTensors = {}) => {
        for (const [name, tensor] of Object.entries(tensors)) kept.push([prefix + name, tf.keep(tf.clone(tensor))]);
      };
      const others = layouts.flatMap((layout, i) => (i === own ? [] : split(tf, layout, inputs[FLAT + i] as Tensor)));
      const batch = Object.fromEntries(below(BATCH, inputs)) as B;
      const lossOf = (flat: Tensor) => {
        const { loss, watched, buffers } = phase.objective(
          new Map([...below(FIXED, inputs), ...others, ...split(tf, at(layouts, own), flat)]),
          batch,
        );
        keep(WATCHED, watched);
        keep(BUFFER, buffers);
        return tf.reshape(loss, []) as ReturnType<Tf['scalar']>;
      };
      const { value, grad } = tf.valueAndGrad(lossOf)(inputs[FLAT + own] as Tensor);
      const outputs = Object.fromEntries(kept.map(([name, tensor]) => [name, tf.clone(tensor)]));
      tf.dispose(kept.map(([, tensor]) => tensor));
      return { ...outputs, gradient: grad, numbers: tf.stack([value, globalNorm(tf, grad)]) };
    },
    options,
  );
  const update = compileNamed(tf, (inputs) => {
    const { weights, first, second, gradient, factor, rate, correction, average, share } = inputs as NamedTensors &
      Record<'weights' | 'first' | 'second' | 'gradient' | 'factor' | 'rate' | 'correction', Tensor>;
    const next = adam(tf, phase.optimiser, { first, second }, tf.mul(gradient, factor), { rate, correction });
    const moved = tf.add(weights, next.change);
    return {
      weights: moved,
      first: next.first,
      second: next.second,
      ...(average && share && { average: ema(tf, average, moved, share) }),
    };
  });

  return {
    gradient(flats, fixed, batch) {
      const outputs = pass.call({
        ...prefixed(FLAT, flats.entries()),
        ...prefixed(FIXED, fixed),
        ...prefixed(BATCH, Object.entries(batch)),
      });
      const { numbers, gradient } = outputs as NamedTensors & Record<'numbers' | 'gradient', Tensor>;
      const [loss = Number.NaN, norm = Number.NaN] = numbers.dataSync();
      const watched = below(WATCHED, outputs);
      const read = Object.fromEntries(watched.map(([name, tensor]) => [name, tensor.dataSync<'float32'>()]));
      tf.dispose([numbers, ...watched.map(([, tensor]) => tensor)]);
      return { loss, norm, gradient, watched: read, buffers: Object.fromEntries(below(BUFFER, outputs)) };
    },
    apply({ weights, moments, average }, gradient, { norm, rate, update: count, averageShare }) {
      const { optimiser } = phase;
      const numbers = {
        ...adamScalars(optimiser, count, rate),
        factor: optimiser.clipNorm === undefined ? 1 : clipFactor(norm, optimiser.clipNorm),
        ...(averageShare !== undefined && { share: averageShare }),
      };
      const scalars = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, tf.scalar(value)]));
      const outputs = update.call({ weights, ...moments, gradient, ...scalars, ...(average && { average }) });
      tf.dispose(scalars);
      const { weights: next, first, second } = outputs as NamedTensors & Record<'weights' | 'first' | 'second', Tensor>;
      return { weights: next, moments: { first, second }, average: outputs['average'] };
    },
    dispose: () => {
      pass.dispose();
      update.dispose();
    },
  };
}
