import { fusedKernels } from '../backend/index.ts';
import { type AttentionSizes, attend, attendBackward, listKept, readKept } from './clamped-attention.ts';
import { at, differentiable, size } from './differentiable.ts';
import { fusedCrossAttention, fusedSelfAttention } from './fused-attention.ts';
import { linear, packedLinear } from './linear.ts';
import { attentionNames } from './names.ts';
import type { RotaryTable } from './rotary.ts';
import type { Tensor, Tf, Weights } from './tensor-types.ts';
import { weight } from './weight.ts';

const toHeads = (tf: Tf, x: Tensor, batch: number, heads: number) =>
  tf.transpose(tf.reshape(x, [batch, size(x, 0) / batch, heads, size(x, 1) / heads]), [0, 2, 1, 3]);
/** [B,H,T,w] → [B·T, H·w] */
const fromHeads = (tf: Tf, x: Tensor) => tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [size(x, 0) * size(x, 2), -1]);
/** [B,H,w,T] → [B·T, H·w] */
const fromTurnedHeads = (tf: Tf, x: Tensor) => tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [size(x, 0) * size(x, 3), -1]);

/** Answers of the heads [B,H,T,w] times their gate, through the last matrix. logits [B·T,H], out [d,H·w] → [B·T,d] */
function answerOf(tf: Tf, value: Tensor, logits: Tensor, out: Tensor): { answer: Tensor; saved: Tensor[] } {
  const [rows, heads] = [size(logits, 0), size(logits, 1)];
  const answers = tf.reshape(fromHeads(tf, value), [rows, heads, -1]);
  const gate = tf.reshape(tf.sigmoid(logits), [rows, heads, 1]);
  const gated = tf.reshape(tf.mul(answers, gate), [rows, -1]);
  return { answer: tf.matMul(gated, out, false, true), saved: [answers, gate, gated, out] };
}
/** How many tensors `answerOf` saves. */
const ANSWER_SAVES = 4;
/** dHeads [B,H,T,w], and Σ dHeads·answer of each row, [B,H,T,1]. */
function answerBackward(tf: Tf, dy: Tensor, saved: readonly Tensor[], batch: number) {
  const [answers, gate, gated, out] = [at(saved, 0), at(saved, 1), at(saved, 2), at(saved, 3)];
  const [rows, heads] = [size(answers, 0), size(answers, 1)];
  const dGated = tf.reshape(tf.matMul(dy, out), answers.shape);
  const along = tf.mul(tf.sum(tf.mul(dGated, answers), -1, true), gate);
  return {
    dHeads: toHeads(tf, tf.reshape(tf.mul(dGated, gate), [rows, -1]), batch, heads),
    along: toHeads(tf, tf.reshape(along, [rows, heads]), batch, heads),
    dLogits: tf.reshape(tf.mul(along, tf.sub(1, gate)), [rows, heads]),
    dOut: tf.matMul(dy, gated, true, false),
  };
}

/** Self-attention from packed queries and keys [B·T, 2·inner], values [B·T, inner], gate logits [B·T,H] and the last matrix [d, inner] to the answer [B·T, d]. */
function selfAttentionAnswer(
  tf: Tf,
  inputs: { readonly packed: Tensor; readonly values: Tensor; readonly logits: Tensor; readonly out: Tensor },
  batch: number,
  sizes: AttentionSizes,
  rotary: RotaryTable,
  mask?: Tensor,
): Tensor {
  const { heads, headWidth } = sizes;
  const inner = heads * headWidth;
  const rows = size(inputs.packed, 0);
  const shape = [batch, rows / batch, 2 * inner];
  const turnedBy = (x: Tensor, transposed: boolean) =>
    tf.reshape(tf.matMul(tf.reshape(x, [-1, headWidth]), rotary.swap, false, transposed), shape);
  return differentiable(tf, [inputs.packed, inputs.values, inputs.logits, inputs.out], (packed, values, logits, out) => {
    const turned = tf.add(tf.mul(tf.reshape(packed, shape), rotary.cosine), tf.mul(turnedBy(packed, false), rotary.sine));
    const byHead = tf.transpose(tf.reshape(turned, [batch, rows / batch, 2, heads, headWidth]), [2, 0, 3, 1, 4]);
    const [query, key] = tf.unstack(byHead, 0) as [Tensor, Tensor];
    const { value, kept } = attend(tf, query, key, toHeads(tf, values as Tensor, batch, heads), sizes, mask);
    const { answer, saved } = answerOf(tf, value, logits as Tensor, out as Tensor);
    return {
      value: answer,
      saved: [...saved, ...listKept(kept)],
      backward: (dy, saved) => {
        const { dHeads, along, dLogits, dOut } = answerBackward(tf, dy, saved, batch);
        const { dQuery, dKey, dValue } = attendBackward(tf, dHeads, along, readKept(saved.slice(ANSWER_SAVES), sizes), sizes.softClamp);
        const dTurned = tf.reshape(tf.concat([fromHeads(tf, dQuery), fromTurnedHeads(tf, dKey)], 1), shape);
        const dStraight = tf.add(tf.mul(dTurned, rotary.cosine), turnedBy(tf.mul(dTurned, rotary.sine), true));
        return [tf.reshape(dStraight, [rows, 2 * inner]), fromTurnedHeads(tf, dValue), dLogits, dOut];
      },
    };
  });
}

/** Cross-attention from queries [B·T, inner], keys and values [B·n, inner], gate logits [B·T,H] and the last matrix [d, inner] to the answer [B·T, d]. */
function crossAttentionAnswer(
  tf: Tf,
  inputs: { readonly queries: Tensor; readonly keys: Tensor; readonly values: Tensor; readonly logits: Tensor; readonly out: Tensor },
  batch: number,
  sizes: AttentionSizes,
  mask?: Tensor,
): Tensor {
  const { heads, headWidth, softClamp } = sizes;
  const scale = 1 / (softClamp * Math.sqrt(headWidth));
  const given = [inputs.queries, inputs.keys, inputs.values, inputs.logits, inputs.out];
  return differentiable(tf, given, (queries, keys, values, logits, out) => {
    const byHead = (x: Tensor | undefined) => toHeads(tf, x as Tensor, batch, heads);
    const { value, kept } = attend(tf, tf.mul(byHead(queries), scale), byHead(keys), byHead(values), sizes, mask);
    const { answer, saved } = answerOf(tf, value, logits as Tensor, out as Tensor);
    return {
      value: answer,
      saved: [...saved, ...listKept(kept)],
      backward: (dy, saved) => {
        const { dHeads, along, dLogits, dOut } = answerBackward(tf, dy, saved, batch);
        const { dQuery, dKey, dValue } = attendBackward(tf, dHeads, along, readKept(saved.slice(ANSWER_SAVES), sizes), softClamp);
        return [fromHeads(tf, tf.mul(dQuery, scale)), fromTurnedHeads(tf, dKey), fromTurnedHeads(tf, dValue), dLogits, dOut];
      },
    };
  });
}

/** [B·T,d] or [B,T,d] → [B,T,d], 0 at padding. */
const shapedAnswer = (tf: Tf, y: Tensor, batch: number, mask?: Tensor) => {
  const shaped = y.rank === 3 ? y : tf.reshape(y, [batch, size(y, 0) / batch, size(y, 1)]);
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
  const batch = size(x, 0);
  const fused = fusedKernels(tf);
  if (fused) return shapedAnswer(tf, fusedSelfAttention(tf, fused, weights, name, x, sizes, rotary, mask), batch, mask);
  const rows = tf.reshape(x, [-1, size(x, 2)]);
  const inputs = {
    packed: packedLinear(tf, rows, [weight(weights, name.query), weight(weights, name.key)]),
    values: linear(tf, rows, weight(weights, name.value)),
    logits: linear(tf, rows, weight(weights, name.gate), weight(weights, name.gateBias)),
    out: weight(weights, name.out),
  };
  return shapedAnswer(tf, selfAttentionAnswer(tf, inputs, batch, sizes, rotary, mask), batch, mask);
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
  const batch = size(x, 0);
  const fused = fusedKernels(tf);
  if (fused) return shapedAnswer(tf, fusedCrossAttention(tf, fused, weights, name, x, context, sizes, contextMask), batch, mask);
  const rows = tf.reshape(x, [-1, size(x, 2)]);
  const contextRows = tf.reshape(context, [-1, size(context, 2)]);
  const inputs = {
    queries: linear(tf, rows, weight(weights, name.query)),
    keys: linear(tf, contextRows, weight(weights, name.key)),
    values: linear(tf, contextRows, weight(weights, name.value)),
    logits: linear(tf, rows, weight(weights, name.gate), weight(weights, name.gateBias)),
    out: weight(weights, name.out),
  };
  return shapedAnswer(tf, crossAttentionAnswer(tf, inputs, batch, sizes, contextMask), batch, mask);
}
