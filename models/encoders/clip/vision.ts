import type { Tensor, Tensor4D, Tf } from '../../backend/index.ts';
import { compileNetwork } from '../compiled.ts';
import { type Layout, readWeights, type Weights } from '../folder.ts';
import { normalise, project } from '../transformer.ts';
import { readClipConfig, readTower, runTower, type Tap, towerShapes } from './tower.ts';

const ROOT = 'vision_model';
const BLOCKS = `${ROOT}.encoder.layers`;
const EMBEDDINGS = `${ROOT}.embeddings`;

/** CLIP's image tower with its projection. */
export interface ClipVision {
  /** Width of an embedding. */
  readonly width: number;
  /** pixels [B,S,S,3], normalised → embeddings [B,width] and the states of all patches [B,1+(S/patch)²,hidden]. */
  encode(pixels: Tensor, tap?: Tap): { embeds: Tensor; states: Tensor };
  dispose(): void;
}

/** Sizes and tensors of a folder's image tower, which may lie beside the one for text. Throws `ENCODER_CONFIG`. */
export function readClipVision(folder: string) {
  const { config, projection } = readClipConfig(folder, 'vision');
  const tower = readTower(config, { width: 768, inner: 3072, heads: 12 });
  const [side, patch] = [config.count('image_size', 224), config.count('patch_size', 32)];
  const across = Math.floor(side / patch);
  const norm = (name: string) => ['weight', 'bias'].map((part) => [`${ROOT}.${name}.${part}`, [tower.width]] as const);
  const layout: Layout = {
    own: /^(?:vision_model|visual_projection)\.(?!embeddings\.position_ids$)/,
    shapes: new Map<string, readonly number[]>([
      [`${EMBEDDINGS}.class_embedding`, [tower.width]],
      [`${EMBEDDINGS}.patch_embedding.weight`, [tower.width, 3, patch, patch]],
      [`${EMBEDDINGS}.position_embedding.weight`, [across ** 2 + 1, tower.width]],
      ...norm('pre_layrnorm'),
      ...norm('post_layernorm'),
      ['visual_projection.weight', [projection, tower.width]],
      ...towerShapes(tower, BLOCKS),
    ]),
  };
  return { tower, projection, side, patch, across, layout };
}

/** Loads a folder in the layout of Hugging Face. Throws `ENCODER_CONFIG`, `ENCODER_WEIGHTS`, `SAFETENSORS_INVALID`. */
export async function loadClipVision(tf: Tf, folder: string): Promise<ClipVision> {
  const { tower, projection, patch, across, layout } = readClipVision(folder);
  const stored = await readWeights(tf, folder, layout);
  const run = (weights: Weights, pixels: Tensor, tap?: Tap): [embeds: Tensor, states: Tensor] => {
    const batch = pixels.shape[0] ?? 0;
    const filter = tf.transpose(weights(`${EMBEDDINGS}.patch_embedding.weight`) as Tensor4D, [2, 3, 1, 0]);
    const patches = tf.conv2d(pixels as Tensor4D, filter, patch, 'valid');
    const token = tf.tile(tf.reshape(weights(`${EMBEDDINGS}.class_embedding`), [1, 1, tower.width]), [batch, 1, 1]);
    const tokens = tf.concat([token, tf.reshape(patches, [batch, across ** 2, tower.width])], 1);
    const embedded = tf.add(tokens, weights(`${EMBEDDINGS}.position_embedding.weight`));
    const before = normalise(tf, tower.epsilon, weights, `${ROOT}.pre_layrnorm`, embedded);
    const states = runTower(tf, tower, weights, BLOCKS, before, undefined, tap);
    const first = tf.reshape(tf.slice(states, [0, 0, 0], [batch, 1, tower.width]), [batch, tower.width]);
    const pooled = normalise(tf, tower.epsilon, weights, `${ROOT}.post_layernorm`, first);
    return [project(tf, pooled, weights('visual_projection.weight')), states];
  };
  const compiled = compileNetwork(tf, stored.weights, [...layout.shapes.keys()], (weights, [pixels]) => run(weights, pixels as Tensor));
  const encode: ClipVision['encode'] = (pixels, tap) =>
    tf.tidy(() => {
      // Only layers run one by one can be looked at.
      const [embeds, states] = tap ? run(stored.weights, pixels, tap) : compiled.call(pixels);
      return { embeds, states };
    });
  const dispose = (): void => {
    compiled.dispose();
    stored.dispose();
  };
  return { width: projection, encode, dispose };
}
