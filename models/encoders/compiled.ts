import { compile, type Tensor, type Tf } from '../backend/index.ts';
import type { Weights } from './folder.ts';

/** A part of a network as one native call for each set of shapes. Its weights, by name, are inputs, so that all graphs share them. */
export function compileNetwork<Results extends readonly Tensor[]>(
  tf: Tf,
  stored: Weights,
  names: readonly string[],
  run: (weights: Weights, inputs: readonly Tensor[]) => Results,
): { call(...inputs: readonly Tensor[]): Results; dispose(): void } {
  const tensors = names.map(stored);
  const { call, dispose } = compile(tf, (given) => {
    const byName = new Map(names.map((name, i) => [name, given[i] as Tensor]));
    return run((name) => byName.get(name) ?? stored(name), given.slice(names.length));
  });
  return { call: (...inputs) => call([...tensors, ...inputs]) as Results, dispose };
}

/** Texts have a graph for every eight tokens: one for each length would take longer to make than it saves. */
const STEP = 8;

/** Rows of tokens, [B,T], and `present`, 1 at tokens and 0 at padding. */
export interface Tokens {
  readonly ids: readonly (readonly number[])[];
  readonly present?: Tensor | undefined;
}

/** Fills rows up with padding to the length of a graph, at most `most`; nothing may look at what is not present. */
export function padTokens(tf: Tf, { ids, present }: Tokens, pad: number, most = Number.POSITIVE_INFINITY): Tokens {
  const length = ids[0]?.length ?? 0;
  const added = Math.min(most, STEP * Math.ceil(length / STEP)) - length;
  if (added <= 0) return { ids, present };
  return {
    ids: ids.map((row) => [...row, ...new Array<number>(added).fill(pad)]),
    present: tf.concat([present ?? tf.ones([ids.length, length]), tf.zeros([ids.length, added])], 1),
  };
}

/** The first `length` of states [B,T,width]. */
export const firstStates = (tf: Tf, states: Tensor, length: number): Tensor =>
  states.shape[1] === length ? states : tf.slice(states, [0, 0, 0], [-1, length, -1]);
