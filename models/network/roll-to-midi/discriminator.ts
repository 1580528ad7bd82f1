import { imageLayers } from '../image-layers.ts';
import { standardise } from '../standardise.ts';
import type { Tensor, Tf, Weights } from '../tensor-types.ts';
import { DISCRIMINATOR_OUTPUT, discriminatorParts, type RollToMidiConfig } from './config.ts';

const EPSILON = 1e-5;
const LEAK = 0.2;

/** How true each patch of a roll looks (PatchGAN, Isola et al. 2017): 1 for played, 0 for generated. [B,keys,frames] → [B,⌈keys/8⌉,⌈frames/8⌉] */
export function judgePatches(tf: Tf, config: RollToMidiConfig, weights: Weights, roll: Tensor): Tensor {
  const layers = imageLayers(tf, weights, { training: true, epsilon: EPSILON });
  let x = tf.expandDims(roll, 3);
  for (const { name, stride, normalised } of discriminatorParts(config)) {
    const y = layers.convolution(name, x, { stride, padding: 1 });
    x = tf.leakyRelu(normalised ? standardise(tf, y, [1, 2], EPSILON).value : y, LEAK);
  }
  return tf.squeeze(layers.convolution(DISCRIMINATOR_OUTPUT, x, { padding: 1 }), [3]);
}
