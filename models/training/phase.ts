import { type CompileOptions, compileNamed, type NamedTensors } from '../backend/index.ts';
import { at } from '../network/differentiable.ts';
import type { Tensor, Tf, Weights } from '../network/tensor-types.ts';
import { globalNorm, type Layout, unflatten } from './flat.ts';
import type { AdamOptions } from './optimiser.ts';
import type { Schedule } from './schedule.ts';
import { compiledUpdate, type PhaseTensors, type Update } from './update.ts';

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

export interface Gradient {
  readonly loss: number;
  /** ‖gradient‖₂ over all weights of the phase. */
  readonly norm: number;
  readonly gradient: Tensor;
  readonly watched: Readonly<Record<string, Float32Array>>;
  readonly buffers: NamedTensors;
}

export interface PhaseStep<B extends Batch> {
  /** `flats`: trained weights of all phases in their order; `fixed`: all that no phase trains. The tensors of the result are the caller's. */
  gradient(flats: readonly Tensor[], fixed: Weights, batch: B): Gradient;
  /** Adam with the norm clipped, and the average: replaces the tensors of `state` and frees those that it replaces. */
  apply(state: PhaseTensors, gradient: Tensor, update: Update): void;
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
 * Phase `own` of a training. Forward and backward pass are one compiled call, the update others, so that gradients of several
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
  const update = compiledUpdate(tf, phase.optimiser);

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
    apply: update.apply,
    dispose: () => {
      pass.dispose();
      update.dispose();
    },
  };
}
