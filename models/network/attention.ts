import { after } from '../backend/index.ts';
import { at, differentiable, size } from './differentiable.ts';
import { packedLinear } from './linear.ts';
import { attentionNames } from './names.ts';
import type { RotaryTable } from './rotary.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';
import { weight } from './weight.ts';

export interface AttentionSizes {
  readonly heads: number;
  readonly headWidth: number;
  /** Logits l become c·tanh(l/c). */
  readonly softClamp: number;
}

/** What is kept between the two passes of clamped attention; all [B,H,·,·]. The matrices of all pairs are made again. */
interface Kept {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  /** [B,n], 1 = valid key. */
  readonly mask?: Tensor;
}
const listKept = ({ query, key, value, mask }: Kept): Tensor[] => [query, key, value, ...(mask ? [mask] : [])];
const readKept = (saved: readonly Tensor[]): Kept => {
  const mask = saved[3];
  return { query: at(saved, 0), key: at(saved, 1), value: at(saved, 2), ...(mask && { mask }) };
};

const clampedProducts = (tf: Tf, query: Tensor, key: Tensor): Tensor => tf.tanh(tf.matMul(query, key, false, true));

/** Softmax over the keys of softClamp·clamped; padding gets none. clamped [B,H,T,n], mask [B,n]. */
function probabilitiesOf(tf: Tf, clamped: Tensor, softClamp: number, mask?: Tensor): Tensor {
  const logits = tf.mul(clamped, softClamp);
  const bias = mask && tf.reshape(tf.mul(tf.sub(mask, 1), 1e9), [size(mask, 0), 1, 1, size(mask, 1)]);
  return tf.softmax(bias ? tf.add(logits, bias) : logits);
}

/** [B,n] → [B,1,n,1] */
const validKeys = (tf: Tf, mask: Tensor): Tensor => tf.reshape(mask, [size(mask, 0), 1, size(mask, 1), 1]);

/**
 * softmax(c·tanh(q·kᵀ))·v, where q already holds 1/(c·√headWidth). All [B,H,·,headWidth]; mask [B,n].
 * Keys that are padding get no weight; a row whose keys all are gets the answer 0.
 */
function attend(tf: Tf, query: Tensor, key: Tensor, values: Tensor, softClamp: number, mask?: Tensor): { value: Tensor; kept: Kept } {
  const value = mask ? tf.mul(values, validKeys(tf, mask)) : values;
  const probabilities = probabilitiesOf(tf, clampedProducts(tf, query, key), softClamp, mask);
  return { value: tf.matMul(probabilities, value), kept: { query, key, value, ...(mask && { mask }) } };
}

function attendBackward(tf: Tf, dy: Tensor, { query, key, value, mask }: Kept, softClamp: number) {
  const clamped = clampedProducts(tf, after(tf, query, dy), key);
  const probabilities = probabilitiesOf(tf, clamped, softClamp, mask);
  const dValue = tf.matMul(probabilities, dy, true, false);
  const weighted = tf.mul(tf.matMul(dy, value, false, true), probabilities);
  const dLogits = tf.sub(weighted, tf.mul(probabilities, tf.sum(weighted, -1, true)));
  const dProducts = tf.mul(dLogits, tf.mul(tf.sub(1, tf.square(clamped)), softClamp));
  return {
    dQuery: tf.matMul(dProducts, key),
    dKey: tf.matMul(dProducts, query, true, false),
    dValue: mask ? tf.mul(dValue, validKeys(tf, mask)) : dValue,
  };
}

const toHeads = (tf: Tf, x: Tensor, batch: number, heads: number) =>
  tf.transpose(tf.reshape(x, [batch, size(x, 0) / batch, heads, size(x, 1) / heads]), [0, 2, 1, 3]);
/** [B,H,T,w] → [B·T, H, w] */
const fromHeads = (tf: Tf, x: Tensor) => tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [size(x, 0) * size(x, 2), size(x, 1), size(x, 3)]);

/** Output of the heads times their gate, through the last matrix. heads [B·T,H,w], logits [B·T,H], out [d,H·w] → [B·T,d] */
function answerOf(tf: Tf, heads: Tensor, logits: Tensor, out: Tensor): { value: Tensor; gate: Tensor } {
  const gate = tf.reshape(tf.sigmoid(logits), [size(heads, 0), size(heads, 1), 1]);
  return { value: tf.matMul(tf.reshape(tf.mul(heads, gate), [size(heads, 0), -1]), out, false, true), gate };
}
function answerBackward(tf: Tf, dy: Tensor, heads: Tensor, gate: Tensor, out: Tensor) {
  const dGated = tf.reshape(tf.matMul(dy, out), heads.shape);
  const dGate = tf.sum(tf.mul(dGated, heads), -1, true);
  const slope = tf.mul(gate, tf.sub(1, gate));
  const gated = tf.mul(heads, after(tf, gate, dy));
  return {
    dHeads: tf.mul(dGated, gate),
    dLogits: tf.reshape(tf.mul(dGate, slope), [size(heads, 0), size(heads, 1)]),
    dOut: tf.matMul(dy, tf.reshape(gated, [size(heads, 0), -1]), true, false),
  };
}

/** Self-attention from packed projections [B·T, 3·inner + H] and the last matrix [d, inner] to the answer [B·T, d]. */
function selfAttentionAnswer(
  tf: Tf,
  packed: Tensor,
  out: Tensor,
  batch: number,
  sizes: AttentionSizes,
  rotary: RotaryTable,
  mask?: Tensor,
): Tensor {
  const { heads, headWidth, softClamp } = sizes;
  const inner = heads * headWidth;
  const rows = size(packed, 0);
  const time = rows / batch;
  const turnedBy = (x: Tensor, transposed: boolean) =>
    tf.reshape(tf.matMul(tf.reshape(x, [-1, headWidth]), rotary.swap, false, transposed), [batch, time, 3 * inner]);
  return differentiable(tf, [packed, out], (packed, out) => {
    const [projected, gateLogits] = tf.split(packed, [3 * inner, heads], 1) as [Tensor, Tensor];
    const straight = tf.reshape(projected, [batch, time, 3 * inner]);
    const turned = tf.add(tf.mul(straight, rotary.cosine), tf.mul(turnedBy(projected, false), rotary.sine));
    const byHead = tf.transpose(tf.reshape(turned, [batch, time, 3, heads, headWidth]), [2, 0, 3, 1, 4]);
    const [query, key, values] = tf.unstack(byHead, 0) as [Tensor, Tensor, Tensor];
    const { value, kept } = attend(tf, query, key, values, softClamp, mask);
    const answers = fromHeads(tf, value);
    const { value: answer, gate } = answerOf(tf, answers, gateLogits, out as Tensor);
    return {
      value: answer,
      saved: [answers, gate, out as Tensor, ...listKept(kept)],
      backward: (dy, saved) => {
        const { dHeads, dLogits, dOut } = answerBackward(tf, dy, at(saved, 0), at(saved, 1), at(saved, 2));
        const dAnswer = toHeads(tf, tf.reshape(dHeads, [rows, inner]), batch, heads);
        const { dQuery, dKey, dValue } = attendBackward(tf, dAnswer, readKept(saved.slice(3)), softClamp);
        const dTurned = tf.reshape(tf.transpose(tf.stack([dQuery, dKey, dValue], 0), [1, 3, 0, 2, 4]), [batch, time, 3 * inner]);
        const dStraight = tf.add(tf.mul(dTurned, rotary.cosine), turnedBy(tf.mul(dTurned, rotary.sine), true));
        return [tf.concat([tf.reshape(dStraight, [rows, 3 * inner]), dLogits], 1), dOut];
      },
    };
  });
}

/** Cross-attention from query and gate logits [B·T, inner + H], keys and values [B·n, 2·inner] and the last matrix [d, inner] to the answer [B·T, d]. */
function crossAttentionAnswer(
  tf: Tf,
  queries: Tensor,
  context: Tensor,
  out: Tensor,
  batch: number,
  sizes: AttentionSizes,
  mask?: Tensor,
): Tensor {
  const { heads, headWidth, softClamp } = sizes;
  const inner = heads * headWidth;
  const scale = 1 / (softClamp * Math.sqrt(headWidth));
  return differentiable(tf, [queries, context, out], (queries, context, out) => {
    const [projected, gateLogits] = tf.split(queries, [inner, heads], 1) as [Tensor, Tensor];
    const [keys, values] = tf.split(context as Tensor, 2, 1) as [Tensor, Tensor];
    const query = tf.mul(toHeads(tf, projected, batch, heads), scale);
    const { value, kept } = attend(tf, query, toHeads(tf, keys, batch, heads), toHeads(tf, values, batch, heads), softClamp, mask);
    const answers = fromHeads(tf, value);
    const { value: answer, gate } = answerOf(tf, answers, gateLogits, out as Tensor);
    return {
      value: answer,
      saved: [answers, gate, out as Tensor, ...listKept(kept)],
      backward: (dy, saved) => {
        const { dHeads, dLogits, dOut } = answerBackward(tf, dy, at(saved, 0), at(saved, 1), at(saved, 2));
        const dAnswer = toHeads(tf, tf.reshape(dHeads, [-1, inner]), batch, heads);
        const { dQuery, dKey, dValue } = attendBackward(tf, dAnswer, readKept(saved.slice(3)), softClamp);
        const flat = (x: Tensor) => tf.reshape(fromHeads(tf, x), [-1, inner]);
        return [tf.concat([flat(tf.mul(dQuery, scale)), dLogits], 1), tf.concat([flat(dKey), flat(dValue)], 1), dOut];
      },
    };
  });
}

/** [B·T,d] → [B,T,d], 0 at padding. */
const shapedAnswer = (tf: Tf, y: Tensor, batch: number, mask?: Tensor) => {
  const shaped = tf.reshape(y, [batch, size(y, 0) / batch, size(y, 1)]);
  return mask ? tf.mul(shaped, tf.reshape(mask, [batch, -1, 1])) : shaped;
};

/**
 * Self-attention with rotary positions, soft clamp and a sigmoid gate per head and token (read from x itself).
 * x [B,T,d], already normalised; mask [B,T], 1 = valid; padded rows answer 0. → [B,T,d]
 */
export function selfAttention(
  tf: Tf,
  weights: Weights,
  prefix: string,
  x: Tensor,
  sizes: AttentionSizes,
  rotary: RotaryTable,
  mask?: Tensor,
): Tensor {
  const name = attentionNames(prefix);
  const [batch, inner] = [size(x, 0), sizes.heads * sizes.headWidth];
  const bias = tf.concat([tf.zeros([3 * inner]), weight(weights, name.gateBias)]);
  const rows = tf.reshape(x, [-1, size(x, 2)]);
  const packed = packedLinear(
    tf,
    rows,
    [name.query, name.key, name.value, name.gate].map((part) => weight(weights, part)),
    bias,
  );
  return shapedAnswer(tf, selfAttentionAnswer(tf, packed, weight(weights, name.out), batch, sizes, rotary, mask), batch, mask);
}

/**
 * Cross-attention to the text, without positions. x [B,T,d], context [B,n,d], contextMask [B,n], mask [B,T] → [B,T,d].
 * A context of zeros contributes exactly 0: nothing on its way has a bias.
 */
export function crossAttention(
  tf: Tf,
  weights: Weights,
  prefix: string,
  x: Tensor,
  context: Tensor,
  sizes: AttentionSizes,
  contextMask?: Tensor,
  mask?: Tensor,
): Tensor {
  const name = attentionNames(prefix);
  const [batch, inner] = [size(x, 0), sizes.heads * sizes.headWidth];
  const bias = tf.concat([tf.zeros([inner]), weight(weights, name.gateBias)]);
  const queries = packedLinear(tf, tf.reshape(x, [-1, size(x, 2)]), [weight(weights, name.query), weight(weights, name.gate)], bias);
  const context2d = tf.reshape(context, [-1, size(context, 2)]);
  const keysAndValues = packedLinear(tf, context2d, [weight(weights, name.key), weight(weights, name.value)]);
  const y = crossAttentionAnswer(tf, queries, keysAndValues, weight(weights, name.out), batch, sizes, contextMask);
  return shapedAnswer(tf, y, batch, mask);
}
