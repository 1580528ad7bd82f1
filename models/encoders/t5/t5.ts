import { join } from 'node:path';
import type { Tensor, Tf } from '../../backend/index.ts';
import { compileNetwork, firstStates, padTokens } from '../compiled.ts';
import { type Layout, readFields, readWeights, type Weights } from '../folder.ts';
import { bucketOf } from './buckets.ts';

const EMBEDDING = 'shared.weight';
const BLOCK = 'encoder.block';
const BIAS = `${BLOCK}.0.layer.0.SelfAttention.relative_attention_bias.weight`;

/** Sees what goes into each block, and the states. */
type T5Tap = (index: number, states: Tensor) => void;

/** The encoder of T5 v1.1 and Flan-T5 (Raffel et al. 2020): RMS norms, gated GELU, a relative position bias, scores that are not scaled. */
export interface T5Encoder {
  /** Width of a state. */
  readonly width: number;
  /** Token ids, rows of one length, and `present` [B,T], 1 at tokens and 0 at padding → states [B,T,width]; those at padding mean nothing. */
  encode(ids: readonly (readonly number[])[], present?: Tensor, tap?: T5Tap): Tensor;
  dispose(): void;
}

/** Sizes and tensors of a folder's encoder; a decoder beside it is left alone. Throws `ENCODER_CONFIG`. */
export function readT5(folder: string) {
  const config = readFields(join(folder, 'config.json'));
  config.word('model_type', ['t5']);
  config.word('feed_forward_proj', ['gated-gelu']);
  const sizes = {
    width: config.count('d_model'),
    heads: config.count('num_heads'),
    each: config.count('d_kv'),
    inner: config.count('d_ff'),
    layers: config.count('num_layers'),
    buckets: config.count('relative_attention_num_buckets', 32),
    farthest: config.count('relative_attention_max_distance', 128),
    epsilon: config.number('layer_norm_epsilon', 1e-6),
  };
  const { width, heads, each, inner, layers, buckets } = sizes;
  const shapes = new Map<string, readonly number[]>([
    [EMBEDDING, [config.count('vocab_size'), width]],
    [BIAS, [buckets, heads]],
    ['encoder.final_layer_norm.weight', [width]],
  ]);
  for (let layer = 0; layer < layers; layer++) {
    const [attention, forward] = [`${BLOCK}.${layer}.layer.0`, `${BLOCK}.${layer}.layer.1`];
    for (const map of ['q', 'k', 'v']) shapes.set(`${attention}.SelfAttention.${map}.weight`, [heads * each, width]);
    shapes.set(`${attention}.SelfAttention.o.weight`, [width, heads * each]);
    for (const map of ['wi_0', 'wi_1']) shapes.set(`${forward}.DenseReluDense.${map}.weight`, [inner, width]);
    shapes.set(`${forward}.DenseReluDense.wo.weight`, [width, inner]);
    for (const part of [attention, forward]) shapes.set(`${part}.layer_norm.weight`, [width]);
  }
  const alias = (name: string) => (name === EMBEDDING ? 'encoder.embed_tokens.weight' : name);
  const layout: Layout = { shapes, own: /^encoder\./, alias };
  return { ...sizes, layout };
}

/** Loads a folder in the layout of Hugging Face. Throws `ENCODER_CONFIG`, `ENCODER_WEIGHTS`, `SAFETENSORS_INVALID`. */
export async function loadT5Encoder(tf: Tf, folder: string): Promise<T5Encoder> {
  const { width, heads, each, layers, buckets, farthest, epsilon, layout } = readT5(folder);
  const stored = await readWeights(tf, folder, layout);

  const normalise = (weights: Weights, name: string, x: Tensor): Tensor =>
    tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon))), weights(`${name}.weight`));
  const gelu = (x: Tensor): Tensor => {
    const inside = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
    return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inside), 1));
  };
  const positionBias = (length: number): Tensor => {
    const index = Int32Array.from({ length: length ** 2 }, (_, at) => bucketOf((at % length) - Math.floor(at / length), buckets, farthest));
    return tf.reshape(tf.transpose(tf.gather(stored.weights(BIAS), tf.tensor2d(index, [length, length], 'int32')), [2, 0, 1]), [
      1,
      heads,
      length,
      length,
    ]);
  };

  /** Rows of all tokens, [B·T,width], so that maps are plain matrix products, and `bias` [B or 1,heads,T,T] → states [B,T,width]. */
  const blocks = (weights: Weights, rows: Tensor, bias: Tensor, tap?: T5Tap): Tensor => {
    const length = bias.shape[3] ?? 0;
    const batch = (rows.shape[0] ?? 0) / length;
    const linear = (name: string, x: Tensor): Tensor => tf.matMul(x, weights(`${name}.weight`), false, true);
    const split = (x: Tensor) => tf.transpose(tf.reshape(x, [batch, length, heads, each]), [0, 2, 1, 3]);
    const shaped = (x: Tensor): Tensor => tf.reshape(x, [batch, length, width]);
    let x = rows;
    for (let layer = 0; layer < layers; layer++) {
      tap?.(layer, shaped(x));
      const [attention, forward] = [`${BLOCK}.${layer}.layer.0`, `${BLOCK}.${layer}.layer.1`];
      const seen = normalise(weights, `${attention}.layer_norm`, x);
      const [query, key, value] = ['q', 'k', 'v'].map((map) => split(linear(`${attention}.SelfAttention.${map}`, seen))) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const mixed = tf.matMul(tf.softmax(tf.add(tf.matMul(query, key, false, true), bias)), value);
      const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch * length, heads * each]);
      x = tf.add(x, linear(`${attention}.SelfAttention.o`, joined));
      const input = normalise(weights, `${forward}.layer_norm`, x);
      const gated = tf.mul(gelu(linear(`${forward}.DenseReluDense.wi_0`, input)), linear(`${forward}.DenseReluDense.wi_1`, input));
      x = tf.add(x, linear(`${forward}.DenseReluDense.wo`, gated));
    }
    const states = shaped(normalise(weights, 'encoder.final_layer_norm', x));
    tap?.(layers, states);
    return states;
  };
  const names = [...layout.shapes.keys()].filter((name) => name !== EMBEDDING && name !== BIAS);
  const compiled = compileNetwork(tf, stored.weights, names, (weights, [rows, bias]): [Tensor] => [
    blocks(weights, rows as Tensor, bias as Tensor),
  ]);
  const encode: T5Encoder['encode'] = (ids, present, tap) =>
    tf.tidy(() => {
      // Only layers run one by one can be looked at.
      const tokens = tap ? { ids, present } : padTokens(tf, { ids, present }, 0);
      const [batch, length] = [ids.length, tokens.ids[0]?.length ?? 0];
      const rows = tf.gather(stored.weights(EMBEDDING), tf.tensor1d(tokens.ids.flat(), 'int32'));
      const position = positionBias(length);
      const absent = tokens.present && tf.mul(tf.sub(1, tf.reshape(tokens.present, [batch, 1, 1, length])), -1e9);
      const bias = absent ? tf.add(position, absent) : position;
      const states = tap ? blocks(stored.weights, rows, bias, tap) : compiled.call(rows, bias)[0];
      return firstStates(tf, states, ids[0]?.length ?? 0);
    });
  const dispose = (): void => {
    compiled.dispose();
    stored.dispose();
  };
  return { width, encode, dispose };
}
