import { compile } from '../backend/index.ts';
import { at } from '../network/differentiable.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';
import { ema } from './ema.ts';
import { type AdamOptions, adamScalars, adamStep, clipFactor, firstMoment, type Moments, secondMoment } from './optimiser.ts';

/** Tensors of a phase, each [Σ sizes]. */
export interface PhaseTensors {
  weights: Tensor;
  moments: Moments;
  average: Tensor | undefined;
}

/** Numbers of an update: the norm of its gradient, its learning rate, its count from 1, and the share of the average that moves. */
export interface Update {
  readonly norm: number;
  readonly rate: number;
  readonly update: number;
  readonly averageShare?: number;
}

/**
 * Adam or AdamW with the norm clipped, and the average. Each of moments, weights and average is a compiled call of its own after which the old one
 * is freed, so that only one of them is there twice at a time: the most that a training of many weights holds.
 */
export function compiledUpdate(tf: Tf, optimiser: AdamOptions & { readonly clipNorm?: number }) {
  const replacing = (next: (...inputs: Tensor[]) => Tensor) => {
    const compiled = compile(tf, (inputs) => [next(...inputs)]);
    const replace = (old: Tensor, ...others: Tensor[]): Tensor => {
      const made = at(compiled.call([old, ...others]), 0);
      old.dispose();
      return made;
    };
    return { replace, dispose: compiled.dispose };
  };
  const first = replacing((old: Tensor, gradient: Tensor, factor: Tensor) => firstMoment(tf, optimiser, old, gradient, factor));
  const second = replacing((old: Tensor, gradient: Tensor, factor: Tensor) => secondMoment(tf, optimiser, old, gradient, factor));
  const { weightDecay = 0 } = optimiser;
  const weights = replacing((old: Tensor, first: Tensor, second: Tensor, rate: Tensor, epsilon: Tensor, kept: Tensor) =>
    adamStep(tf, old, { first, second }, { rate, epsilon }, kept),
  );
  const average = replacing((old: Tensor, weights: Tensor, share: Tensor) => ema(tf, old, weights, share));
  return {
    /** Replaces the tensors of `state` and frees those that it replaces. */
    apply(state: PhaseTensors, gradient: Tensor, { norm, rate, update, averageShare = 0 }: Update): void {
      const numbers = adamScalars(optimiser, update, rate);
      const factor = tf.scalar(optimiser.clipNorm === undefined ? 1 : clipFactor(norm, optimiser.clipNorm));
      const [step, epsilon, kept] = [tf.scalar(numbers.rate), tf.scalar(numbers.epsilon), tf.scalar(1 - rate * weightDecay)];
      const share = tf.scalar(averageShare);
      const { moments } = state;
      state.moments = { first: first.replace(moments.first, gradient, factor), second: second.replace(moments.second, gradient, factor) };
      state.weights = weights.replace(state.weights, state.moments.first, state.moments.second, step, epsilon, kept);
      if (state.average && averageShare > 0) state.average = average.replace(state.average, state.weights, share);
      tf.dispose([factor, step, epsilon, kept, share]);
    },
    dispose: () => {
      for (const compiled of [first, second, weights, average]) compiled.dispose();
    },
  };
}
