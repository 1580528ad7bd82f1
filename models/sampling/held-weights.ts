import type { NamedTensors } from '../backend/index.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';
import { type NamedArrays, toTensor } from '../training/state.ts';

const PREFIX = 'weight/';

/** Weights as inputs of a compiled function, under names that none of its other inputs has. The caller disposes of them. */
export const heldWeights = (tf: Tf, weights: NamedArrays): Record<string, Tensor> =>
  Object.fromEntries([...weights].map(([name, array]) => [PREFIX + name, toTensor(tf, array)]));

/** The weights among the inputs of a compiled function, by their own names. */
export const weightsAmong = (inputs: NamedTensors): Map<string, Tensor> =>
  new Map(Object.entries(inputs).flatMap(([name, w]) => (name.startsWith(PREFIX) ? [[name.slice(PREFIX.length), w]] : [])));
