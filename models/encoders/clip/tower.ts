import { join } from 'node:path';
import type { Tensor, Tf } from '../../backend/index.ts';
import { type Fields, readFields, type Shapes, type Weights } from '../folder.ts';
import { attend, gelu, linear, normalise } from '../transformer.ts';

/** Sizes of the transformer that both towers of CLIP have (Radford et al. 2021). */
export interface Tower {
  readonly width: number;
  readonly inner: number;
  readonly layers: number;
  readonly heads: number;
  readonly act: 'quick_gelu' | 'gelu';
  readonly epsilon: number;
}

/** Sizes that a configuration leaves out, as the published code fills them in. */
export interface TowerDefaults {
  readonly width: number;
  readonly inner: number;
  readonly heads: number;
}

export const readTower = (config: Fields, { width, inner, heads }: TowerDefaults): Tower => ({
  width: config.count('hidden_size', width),
  inner: config.count('intermediate_size', inner),
  layers: config.count('num_hidden_layers', 12),
  heads: config.count('num_attention_heads', heads),
  act: config.word('hidden_act', ['quick_gelu', 'gelu'], 'quick_gelu'),
  epsilon: config.number('layer_norm_eps', 1e-5),
});

/** The configuration of one tower and the width of its embeddings, from a folder that has this tower alone or both. Throws `ENCODER_CONFIG`. */
export function readClipConfig(folder: string, tower: 'text' | 'vision'): { readonly config: Fields; readonly projection: number } {
  const root = readFields(join(folder, 'config.json'));
  const isWhole = root.word('model_type', ['clip', `clip_${tower}_model`]) === 'clip';
  const config = isWhole ? root.within(`${tower}_config`) : root;
  return { config, projection: root.count('projection_dim', config.count('projection_dim', 512)) };
}

/** Shapes of the tensors of the blocks, named below `prefix`. */
export function towerShapes({ width, inner, layers }: Tower, prefix: string): Shapes {
  const shapes = new Map<string, readonly number[]>();
  for (let layer = 0; layer < layers; layer++) {
    const affine = (name: string, weight: readonly number[]): void => {
      shapes.set(`${prefix}.${layer}.${name}.weight`, weight);
      shapes.set(`${prefix}.${layer}.${name}.bias`, weight.slice(0, 1));
    };
    for (const norm of ['layer_norm1', 'layer_norm2']) affine(norm, [width]);
    for (const map of ['q_proj', 'k_proj', 'v_proj', 'out_proj']) affine(`self_attn.${map}`, [width, width]);
    affine('mlp.fc1', [inner, width]);
    affine('mlp.fc2', [width, inner]);
  }
  return shapes;
}

/** Sees what goes into the first block and what comes out of each, [B,T,width]. */
export type Tap = (index: number, states: Tensor) => void;

/** Runs the blocks over states [B,T,width]. `mask`, of a shape that spreads to [B,heads,T,T], is added to the scores. */
export function runTower(tf: Tf, tower: Tower, weights: Weights, prefix: string, states: Tensor, mask?: Tensor, tap?: Tap): Tensor {
  const { layers, heads, epsilon, act } = tower;
  let x = states;
  tap?.(0, x);
  for (let layer = 0; layer < layers; layer++) {
    const name = `${prefix}.${layer}`;
    const attention = {
      query: `${name}.self_attn.q_proj`,
      key: `${name}.self_attn.k_proj`,
      value: `${name}.self_attn.v_proj`,
      output: `${name}.self_attn.out_proj`,
    };
    x = tf.add(x, attend(tf, heads, weights, attention, normalise(tf, epsilon, weights, `${name}.layer_norm1`, x), mask));
    const hidden = linear(tf, weights, `${name}.mlp.fc1`, normalise(tf, epsilon, weights, `${name}.layer_norm2`, x));
    x = tf.add(x, linear(tf, weights, `${name}.mlp.fc2`, activate(tf, act, hidden)));
    tap?.(layer + 1, x);
  }
  return x;
}

const activate = (tf: Tf, act: Tower['act'], x: Tensor): Tensor =>
  act === 'quick_gelu' ? tf.mul(x, tf.sigmoid(tf.mul(x, 1.702))) : gelu(tf, x);
