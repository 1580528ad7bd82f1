import { after } from '../backend/index.ts';
import { tanhGradient } from '../backend/native-kernels.ts';
import { at, size } from './differentiable.ts';
import type { Tensor, Tf } from './tensor-types.ts';

export interface AttentionSizes {
  readonly heads: number;
  readonly headWidth: number;
  /** Logits l become c·tanh(l/c). */
  readonly softClamp: number;
  /** Whether the matrices of all pairs are kept for the backward pass, in place of being made again. */
  readonly keepPairs?: boolean | undefined;
}

/** What is kept between the two passes of clamped attention; all [B,H,·,·]. */
interface Kept {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly pairs?: Pairs;
  /** [B,n], 1 = valid key. */
  readonly mask?: Tensor;
}
/** Of all queries and keys [B,H,T,n]: the probabilities, and those times the slope of the clamp, 1 − tanh². */
type Pairs = readonly [probabilities: Tensor, slopes: Tensor];

export const listKept = ({ query, key, value, pairs, mask }: Kept): Tensor[] => [
  query,
  key,
  value,
  ...(pairs ?? []),
  ...(mask ? [mask] : []),
];
export function readKept(saved: readonly Tensor[], { keepPairs }: AttentionSizes): Kept {
  const mask = saved[keepPairs ? 5 : 3];
  return {
    query: at(saved, 0),
    key: at(saved, 1),
    value: at(saved, 2),
    ...(keepPairs && { pairs: [at(saved, 3), at(saved, 4)] as const }),
    ...(mask && { mask }),
  };
}

/** Softmax over the keys of softClamp·clamped; padding gets none. clamped [B,H,T,n], mask [B,n]. */
function probabilitiesOf(tf: Tf, clamped: Tensor, softClamp: number, mask?: Tensor): Tensor {
  const logits = tf.mul(clamped, softClamp);
  const bias = mask && tf.reshape(tf.mul(tf.sub(mask, 1), 1e9), [size(mask, 0), 1, 1, size(mask, 1)]);
  return tf.softmax(bias ? tf.add(logits, bias) : logits);
}
function pairsOf(tf: Tf, query: Tensor, key: Tensor, softClamp: number, mask?: Tensor): Pairs {
  const clamped = tf.tanh(tf.matMul(query, key, false, true));
  const probabilities = probabilitiesOf(tf, clamped, softClamp, mask);
  return [probabilities, tanhGradient(tf, probabilities, clamped)];
}

/** [B,n] → [B,1,n,1] */
const validKeys = (tf: Tf, mask: Tensor): Tensor => tf.reshape(mask, [size(mask, 0), 1, size(mask, 1), 1]);

/**
 * softmax(c·tanh(q·kᵀ))·v, where q already holds 1/(c·√headWidth). All [B,H,·,headWidth]; mask [B,n].
 * Keys that are padding get no weight; a row whose keys all are gets the answer 0.
 */
export function attend(tf: Tf, query: Tensor, key: Tensor, values: Tensor, { softClamp, keepPairs }: AttentionSizes, mask?: Tensor) {
  const value = mask ? tf.mul(values, validKeys(tf, mask)) : values;
  const pairs = keepPairs ? pairsOf(tf, query, key, softClamp, mask) : undefined;
  const probabilities = pairs?.[0] ?? probabilitiesOf(tf, tf.tanh(tf.matMul(query, key, false, true)), softClamp, mask);
  const kept: Kept = { query, key, value, ...(pairs && { pairs }), ...(mask && { mask }) };
  return { value: tf.matMul(probabilities, value), kept };
}

/**
 * dQuery [B,H,T,w]; dKey and dValue [B,H,w,n]. `along`: Σ dy·answer of each row [B,H,T,1], which is what the gradient of the softmax subtracts (Dao et al. 2022,
 * arXiv 2205.14135, appendix B.2).
 */
export function attendBackward(tf: Tf, dy: Tensor, along: Tensor, { query, key, value, pairs, mask }: Kept, softClamp: number) {
  const [probabilities, slopes] = pairs ?? pairsOf(tf, after(tf, query, dy), key, softClamp, mask);
  // Transposed: a product whose wide factor is turned takes a third longer.
  const dValue = tf.matMul(dy, probabilities, true, false);
  const dProducts = tf.mul(tf.sub(tf.matMul(dy, value, false, true), along), slopes);
  // Times softClamp at last, where rows are short: the matrices of all pairs are gone over as seldom as can be.
  return {
    dQuery: tf.mul(tf.matMul(dProducts, key), softClamp),
    dKey: tf.mul(tf.matMul(query, dProducts, true, false), softClamp),
    dValue: mask ? tf.mul(dValue, tf.reshape(mask, [size(mask, 0), 1, 1, size(mask, 1)])) : dValue,
  };
}
