import { join } from 'node:path';
import type { Tensor, Tf } from '../../backend/index.ts';
import { type Fields, readFields, type Shapes, type Weights } from '../folder.ts';

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
  let x = states;
  tap?.(0, x);
  for (let layer = 0; layer < tower.layers; layer++) {
    const name = `${prefix}.${layer}`;
    x = tf.add(x, attend(tf, tower, weights, `${name}.self_attn`, normalise(tf, tower, weights, `${name}.layer_norm1`, x), mask));
    const hidden = linear(tf, weights, `${name}.mlp.fc1`, normalise(tf, tower, weights, `${name}.layer_norm2`, x));
    x = tf.add(x, linear(tf, weights, `${name}.mlp.fc2`, activate(tf, tower.act, hidden)));
    tap?.(layer + 1, x);
  }
  return x;
}

export function normalise(tf: Tf, { epsilon }: Tower, weights: Weights, name: string, x: Tensor): Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  const standard = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
  return tf.add(tf.mul(standard, weights(`${name}.weight`)), weights(`${name}.bias`));
}

/** x [B,width] times a weight as torch keeps it, [out,width], without bias. */
export const project = (tf: Tf, x: Tensor, weight: Tensor): Tensor => tf.matMul(x, weight, false, true);

function linear(tf: Tf, weights: Weights, name: string, x: Tensor): Tensor {
  const [batch = 0, length = 0, width = 0] = x.shape;
  const y = tf.add(project(tf, tf.reshape(x, [batch * length, width]), weights(`${name}.weight`)), weights(`${name}.bias`));
  return tf.reshape(y, [batch, length, y.shape[1] ?? 0]);
}

function attend(tf: Tf, { width, heads }: Tower, weights: Weights, name: string, x: Tensor, mask?: Tensor): Tensor {
  const [batch = 0, length = 0] = x.shape;
  const each = width / heads;
  const split = (map: string) =>
    tf.transpose(tf.reshape(linear(tf, weights, `${name}.${map}`, x), [batch, length, heads, each]), [0, 2, 1, 3]);
  const scores = tf.mul(tf.matMul(split('q_proj'), split('k_proj'), false, true), each ** -0.5);
  const mixed = tf.matMul(tf.softmax(mask ? tf.add(scores, mask) : scores), split('v_proj'));
  return linear(tf, weights, `${name}.out_proj`, tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch, length, width]));
}

const activate = (tf: Tf, act: Tower['act'], x: Tensor): Tensor =>
  act === 'quick_gelu' ? tf.mul(x, tf.sigmoid(tf.mul(x, 1.702))) : tf.mul(x, tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5));
