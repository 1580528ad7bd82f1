import { after } from '../backend/index.ts';
import { at, differentiable } from './differentiable.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';

/** Tensors by name; some may be absent. */
export type Named = Readonly<Record<string, Tensor | undefined>>;
const present = (tensors: Named) => Object.entries(tensors).flatMap(([name, tensor]) => (tensor ? [[name, tensor] as const] : []));

/**
 * A block of which only the inputs are kept: the backward pass runs it again (Chen et al. 2016, arXiv 1604.06174). `weights` and `learned`
 * get gradients and must all be used; `given` is what `run` reads besides, except for tensors that outlive the step.
 */
export function recomputed<Learned extends Named, Given extends Named>(
  tf: Tf,
  weights: Weights,
  learned: Learned,
  given: Given,
  run: (weights: Weights, inputs: Learned & Given) => Tensor,
): Tensor {
  const inputs = [...present(learned), ...present(given)];
  const call = (tensors: readonly Tensor[]) =>
    run(
      new Map([...weights.keys()].map((name, i) => [name, at(tensors, i)])),
      Object.fromEntries(inputs.map(([name], i) => [name, at(tensors, weights.size + i)])) as Learned & Given,
    );
  const others = present(given).map(([, tensor]) => tensor);
  return differentiable(tf, [...weights.values(), ...present(learned).map(([, tensor]) => tensor)], (...own) => ({
    value: call([...own, ...others]),
    saved: [...own, ...others],
    backward: (dy, saved) => {
      const late = saved.map((tensor) => after(tf, tensor, dy));
      const [ownLate, othersLate] = [late.slice(0, own.length), late.slice(own.length)];
      return withTapeKept(tf, () => tf.grads((...own: Tensor[]) => call([...own, ...othersLate]))(ownLate, dy));
    },
  }));
}

/** The library ends its only tape with every gradient, also with one inside of another. */
function withTapeKept<T>(tf: Tf, run: () => T): T {
  const { state } = tf.engine();
  const tape = state.activeTape;
  try {
    return run();
  } finally {
    state.activeTape = tape;
  }
}
