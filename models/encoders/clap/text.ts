import type { Tensor, Tf } from '../../backend/index.ts';
import { compileNetwork, firstStates, padTokens } from '../compiled.ts';
import { type Layout, readWeights, type Weights } from '../folder.ts';
import { attend, linear, normalise, project } from '../transformer.ts';
import { activate, actOf, only, readClapConfig } from './config.ts';
import { affine, attentionOf, projectionShapes, projectToUnit } from './towers.ts';

const ROOT = 'text_model';
const EMBEDDINGS = `${ROOT}.embeddings`;
const BLOCKS = `${ROOT}.encoder.layer`;

/** CLAP's text tower with its projection. */
export interface ClapText {
  /** Width of an embedding. */
  readonly width: number;
  /** Token ids, rows of one length, and `present` [B,T], 1 at tokens and 0 at padding → embeddings of length one [B,width] and the states of all tokens. */
  encode(ids: readonly (readonly number[])[], present?: Tensor): { embeds: Tensor; states: Tensor };
  dispose(): void;
}

/** Sizes and tensors of a folder's text tower (RoBERTa, Liu et al. 2019), which may lie beside the one for sound. Throws `ENCODER_CONFIG`. */
export function readClapText(folder: string) {
  const { config, projection } = readClapConfig(folder, 'text');
  only(config, 'position_embedding_type', 'absolute');
  const [width, inner] = [config.count('hidden_size', 768), config.count('intermediate_size', 3072)];
  const [layers, places] = [config.count('num_hidden_layers', 12), config.count('max_position_embeddings', 514)];
  const pad = config.count('pad_token_id', 1);
  const layout: Layout = {
    own: /^text_(?:model|projection)\.(?!embeddings\.(?:position|token_type)_ids$)/,
    shapes: new Map<string, readonly number[]>([
      [`${EMBEDDINGS}.word_embeddings.weight`, [config.count('vocab_size', 50_265), width]],
      [`${EMBEDDINGS}.position_embeddings.weight`, [places, width]],
      [`${EMBEDDINGS}.token_type_embeddings.weight`, [config.count('type_vocab_size', 1), width]],
      ...affine(`${EMBEDDINGS}.LayerNorm`, [width]),
      ...Array.from({ length: layers }, (_, layer) => [
        ...['query', 'key', 'value'].flatMap((map) => affine(`${BLOCKS}.${layer}.attention.self.${map}`, [width, width])),
        ...affine(`${BLOCKS}.${layer}.attention.output.dense`, [width, width]),
        ...affine(`${BLOCKS}.${layer}.attention.output.LayerNorm`, [width]),
        ...affine(`${BLOCKS}.${layer}.intermediate.dense`, [inner, width]),
        ...affine(`${BLOCKS}.${layer}.output.dense`, [width, inner]),
        ...affine(`${BLOCKS}.${layer}.output.LayerNorm`, [width]),
      ]).flat(),
      ...affine(`${ROOT}.pooler.dense`, [width, width]),
      ...projectionShapes('text', width, projection),
    ]),
  };
  return {
    ...{ width, layers, projection, pad, layout },
    heads: config.count('num_attention_heads', 12),
    epsilon: config.number('layer_norm_eps', 1e-12),
    act: actOf(config, 'hidden_act', 'gelu'),
    projectionAct: actOf(config, 'projection_hidden_act', 'relu'),
    /** Tokens of the longest text: places are counted from behind the one of padding. */
    positions: places - pad - 1,
  };
}

/** Loads a folder in the layout of Hugging Face. Throws `ENCODER_CONFIG`, `ENCODER_WEIGHTS`, `SAFETENSORS_INVALID`. */
export async function loadClapText(tf: Tf, folder: string): Promise<ClapText> {
  const { width, layers, heads, epsilon, act, projection, projectionAct, pad, positions: places, layout } = readClapText(folder);
  const { weights, dispose: disposeWeights } = await readWeights(tf, folder, layout);
  /** Embedded tokens [B,T,width] and what is added to the scores → states of the same shape. */
  const blocks = (given: Weights, embedded: Tensor, mask: Tensor): Tensor => {
    let x = normalise(tf, epsilon, given, `${EMBEDDINGS}.LayerNorm`, embedded);
    for (let layer = 0; layer < layers; layer++) {
      const name = `${BLOCKS}.${layer}`;
      const attended = attend(tf, heads, given, attentionOf(name), x, mask);
      x = normalise(tf, epsilon, given, `${name}.attention.output.LayerNorm`, tf.add(x, attended));
      const hidden = activate(tf, act, linear(tf, given, `${name}.intermediate.dense`, x));
      x = normalise(tf, epsilon, given, `${name}.output.LayerNorm`, tf.add(x, linear(tf, given, `${name}.output.dense`, hidden)));
    }
    return x;
  };
  const inBlocks = [...layout.shapes.keys()].filter((name) => name.startsWith(BLOCKS) || name.startsWith(`${EMBEDDINGS}.LayerNorm`));
  const compiled = compileNetwork(tf, weights, inBlocks, (given, [embedded, mask]): [Tensor] => [
    blocks(given, embedded as Tensor, mask as Tensor),
  ]);
  const encode: ClapText['encode'] = (ids, present) =>
    tf.tidy(() => {
      const { ids: filled, present: seen } = padTokens(tf, { ids, present }, pad, places);
      const [batch, length] = [ids.length, filled[0]?.length ?? 0];
      const rowsOf = (table: string, rows: readonly number[]): Tensor =>
        tf.reshape(tf.gather(weights(`${EMBEDDINGS}.${table}.weight`), tf.tensor1d([...rows], 'int32')), [batch, length, width]);
      const embedded = tf.add(
        tf.add(rowsOf('word_embeddings', filled.flat()), rowsOf('token_type_embeddings', new Array(batch * length).fill(0))),
        rowsOf(
          'position_embeddings',
          filled.flatMap((row) => placesOf(row, pad)),
        ),
      );
      const [x] = compiled.call(embedded, tf.mul(tf.sub(1, tf.reshape(seen ?? tf.ones([batch, length]), [batch, 1, 1, length])), -1e9));
      const first = tf.reshape(tf.slice(x, [0, 0, 0], [batch, 1, width]), [batch, width]);
      const dense = tf.add(project(tf, first, weights(`${ROOT}.pooler.dense.weight`)), weights(`${ROOT}.pooler.dense.bias`));
      return { embeds: projectToUnit(tf, weights, 'text', projectionAct, tf.tanh(dense)), states: firstStates(tf, x, ids[0]?.length ?? 0) };
    });
  const dispose = (): void => {
    compiled.dispose();
    disposeWeights();
  };
  return { width: projection, encode, dispose };
}

/** Tokens are counted from behind the place of padding; padding stays at it. */
function placesOf(row: readonly number[], pad: number): number[] {
  let place = pad;
  return row.map((id) => {
    if (id === pad) return pad;
    place++;
    return place;
  });
}
