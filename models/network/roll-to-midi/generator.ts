import { imageLayers } from '../image-layers.ts';
import { relu } from '../relu.ts';
import type { Tensor, Tf, Weights } from '../tensor-types.ts';
import { GENERATOR_OUTPUT, type GeneratorPart, generatorParts, type RollToMidiConfig } from './config.ts';
import { type DropoutMasks, maskName } from './dropout.ts';

/** Audeo passes 0.8 where torch reads ε. */
const EPSILON = 0.8;
const LEAK = 0.2;

export interface GeneratorMode {
  readonly training: boolean;
  /** Masks of this step (see `drawDropout`); without them nothing is dropped. */
  readonly dropout?: DropoutMasks;
}
export interface GeneratedRoll {
  /** [B,keys,frames], 0 … 1. */
  readonly roll: Tensor;
  /** Running estimates of the norms after this pass, by their names; empty outside of training. */
  readonly buffers: Readonly<Record<string, Tensor>>;
}

/** A steady roll from the predicted one, [B,keys,frames] of any length, 0 … 1: a U-Net that never changes the grid. */
export function generateRoll(
  tf: Tf,
  config: RollToMidiConfig,
  weights: Weights,
  roll: Tensor,
  { training, dropout = {} }: GeneratorMode,
): GeneratedRoll {
  const layers = imageLayers(tf, weights, { training, epsilon: EPSILON });
  const { down, up } = generatorParts(config);
  const drop = (part: GeneratorPart, x: Tensor) => {
    const mask = dropout[maskName(part)];
    return mask ? tf.mul(x, mask) : x;
  };
  const skipped: Tensor[] = [];
  let x = tf.expandDims(roll, 3);
  for (const [i, part] of down.entries()) {
    if (i > 0) skipped.push(x);
    const y = layers.convolution(`${part.name}.0`, x, { padding: 1 });
    x = drop(part, tf.leakyRelu(i > 0 ? layers.norm(`${part.name}.1`, y) : y, LEAK));
  }
  for (const part of up) {
    const y = layers.convolution(`${part.name}.0`, x, { padding: 1, transposed: true });
    const own = drop(part, relu(tf, layers.norm(`${part.name}.1`, y)));
    x = tf.concat([own, ...skipped.splice(-1)], 3);
  }
  return { roll: tf.sigmoid(tf.squeeze(layers.convolution(GENERATOR_OUTPUT, x), [3])), buffers: layers.estimates };
}

/** What sounds in the steady roll: 1 where it is at least `threshold`, else 0. [B,keys,frames] → [B,keys,frames] */
export function steadyRoll(tf: Tf, config: RollToMidiConfig, weights: Weights, roll: Tensor, threshold = 0.5): Tensor {
  return tf.cast(tf.greaterEqual(generateRoll(tf, config, weights, roll, { training: false }).roll, threshold), 'float32');
}
