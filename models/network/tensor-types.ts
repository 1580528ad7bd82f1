import type { Tensor } from '../backend/index.ts';

export type { Tensor, Tf, Variable } from '../backend/index.ts';
/** Tensors by name; variables in training, plain tensors in sampling. */
export type Weights = ReadonlyMap<string, Tensor>;
