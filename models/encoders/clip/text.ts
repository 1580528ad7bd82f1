import type { Tensor, Tf } from '../../backend/index.ts';
import { compileNetwork, firstStates, padTokens } from '../compiled.ts';
import { type Layout, readWeights } from '../folder.ts';
import { normalise, project } from '../transformer.ts';
import { readClipConfig, readTower, runTower, towerShapes } from './tower.ts';

const ROOT = 'text_model';
const BLOCKS = `${ROOT}.encoder.layers`;
const FINAL_NORM = `${ROOT}.final_layer_norm`;
const FINAL = [`${FINAL_NORM}.weight`, `${FINAL_NORM}.bias`];
/** What the files that OpenAI released say in place of the real id of their end token. */
const LEGACY_END = 2;

/** CLIP's text tower with its projection. */
export interface ClipText {
  /** Width of an embedding. */
  readonly width: number;
  /**
   * Token ids, rows of one length → embeddings [B,width] and the states of all tokens [B,T,hidden]. `present` [B,T] is 1 at tokens and 0 at padding;
   * padding behind the end token changes no embedding, only the states behind it.
   */
  encode(ids: readonly (readonly number[])[], present?: Tensor): { embeds: Tensor; states: Tensor };
  dispose(): void;
}

/** Sizes and tensors of a folder's text tower, which may lie beside the one for pictures. Throws `ENCODER_CONFIG`. */
export function readClipText(folder: string) {
  const { config, projection } = readClipConfig(folder, 'text');
  const tower = readTower(config, { width: 512, inner: 2048, heads: 8 });
  const positions = config.count('max_position_embeddings', 77);
  const layout: Layout = {
    own: /^text_(?:model|projection)\.(?!embeddings\.position_ids$)/,
    shapes: new Map<string, readonly number[]>([
      [`${ROOT}.embeddings.token_embedding.weight`, [config.count('vocab_size', 49_408), tower.width]],
      [`${ROOT}.embeddings.position_embedding.weight`, [positions, tower.width]],
      [`${ROOT}.final_layer_norm.weight`, [tower.width]],
      [`${ROOT}.final_layer_norm.bias`, [tower.width]],
      ['text_projection.weight', [projection, tower.width]],
      ...towerShapes(tower, BLOCKS),
    ]),
  };
  return { tower, projection, positions, end: config.count('eos_token_id', 49_407), layout };
}

/** Loads a folder in the layout of Hugging Face. Throws `ENCODER_CONFIG`, `ENCODER_WEIGHTS`, `SAFETENSORS_INVALID`. */
export async function loadClipText(tf: Tf, folder: string): Promise<ClipText> {
  const { tower, projection, positions: places, end, layout } = readClipText(folder);
  const { weights, dispose: disposeWeights } = await readWeights(tf, folder, layout);
  const compiled = compileNetwork(tf, weights, [...towerShapes(tower, BLOCKS).keys(), ...FINAL], (given, [embedded, mask]): [Tensor] => [
    normalise(tf, tower.epsilon, given, FINAL_NORM, runTower(tf, tower, given, BLOCKS, embedded as Tensor, mask)),
  ]);
  const encode: ClipText['encode'] = (ids, present) =>
    tf.tidy(() => {
      const { ids: filled, present: seen } = padTokens(tf, { ids, present }, 0, places);
      const [batch, length] = [ids.length, filled[0]?.length ?? 0];
      const tokens = tf.gather(weights(`${ROOT}.embeddings.token_embedding.weight`), tf.tensor2d(filled.flat(), [batch, length], 'int32'));
      const positions = tf.slice(weights(`${ROOT}.embeddings.position_embedding.weight`), [0, 0], [length, tower.width]);
      const causal = tf.tensor2d(
        Float32Array.from({ length: length ** 2 }, (_, at) => (at % length > Math.floor(at / length) ? -1e9 : 0)),
        [length, length],
      );
      const mask = seen ? tf.add(causal, tf.mul(tf.sub(1, tf.reshape(seen, [batch, 1, 1, length])), -1e9)) : causal;
      const [states] = compiled.call(tf.add(tokens, positions), mask);
      const rows = ids.map((row, index) => index * length + endOf(row, end));
      const pooled = tf.gather(tf.reshape(states, [batch * length, tower.width]), tf.tensor1d(rows, 'int32'));
      return { embeds: project(tf, pooled, weights('text_projection.weight')), states: firstStates(tf, states, ids[0]?.length ?? 0) };
    });
  const dispose = (): void => {
    compiled.dispose();
    disposeWeights();
  };
  return { width: projection, encode, dispose };
}

/** Where the end token stands: the first one, or the first of the largest ids in files with the legacy id. */
const endOf = (row: readonly number[], end: number): number => Math.max(0, row.indexOf(end === LEGACY_END ? Math.max(...row) : end));
