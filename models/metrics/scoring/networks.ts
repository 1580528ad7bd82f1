import type { Tf } from '../../backend/index.ts';
import { halvingMaxPool } from '../../network/image-convolution.ts';
import { imageLayers } from '../../network/image-layers.ts';
import { residualLayer } from '../../network/roll-predictor/residual-blocks.ts';
import type { Tensor, Weights } from '../../network/tensor-types.ts';

/** torch's default of batch norms. */
const EPSILON = 1e-5;
const layersOf = (tf: Tf, weights: Weights) => imageLayers(tf, weights, { training: false, epsilon: EPSILON });

/** Convolutions of VGGish by their place in its list of layers; a pool of 2×2 follows those that are marked. */
const VGGISH_LAYERS = [
  [0, true],
  [3, true],
  [6, false],
  [8, true],
  [11, false],
  [13, true],
] as const;

/** VGGish without its last ReLU and without PCA, as FAD uses it. Examples [n,96,64,1] → [n,128]. Throws `MISSING_WEIGHT`. */
export function vggish(tf: Tf, weights: Weights, examples: Tensor): Tensor {
  const layers = layersOf(tf, weights);
  let x = examples;
  for (const [place, isPooled] of VGGISH_LAYERS) {
    x = tf.relu(layers.convolution(`features.${place}`, x, { padding: 1 }));
    if (isPooled) x = tf.maxPool(x as never, 2, 2, 'valid');
  }
  // Time, mel, channel: the order in which the released weights read them.
  const flat = tf.reshape(x, [x.shape[0] ?? 0, -1]);
  const hidden = tf.relu(layers.linear('embeddings.2', tf.relu(layers.linear('embeddings.0', flat))));
  return layers.linear('embeddings.4', hidden);
}

/** CNN14: what FD reads, and the logits of its classes, before the sigmoid. Log-mels [B,T,64,1] → [B,2048], [B,527]. Throws `MISSING_WEIGHT`. */
export function cnn14(tf: Tf, weights: Weights, pictures: Tensor): { embedding: Tensor; logits: Tensor } {
  const layers = layersOf(tf, weights);
  // The first norm is over mel bands.
  let x = tf.transpose(layers.norm('bn0', tf.transpose(pictures, [0, 1, 3, 2])), [0, 1, 3, 2]);
  for (let block = 1; block <= 6; block++) {
    const name = `conv_block${block}`;
    for (const step of [1, 2]) x = tf.relu(layers.norm(`${name}.bn${step}`, layers.convolution(`${name}.conv${step}`, x, { padding: 1 })));
    if (block < 6) x = tf.avgPool(x as never, 2, 2, 'valid');
  }
  const overTime = tf.mean(x, 2);
  const pooled = tf.add(tf.max(overTime, 1), tf.mean(overTime, 1));
  const embedding = tf.relu(layers.linear('fc1', pooled));
  return { embedding, logits: layers.linear('fc_audioset', embedding) };
}

/** Wav2CLIP: embeddings of sound in CLIP's space, not normalised, and what they are made of. Standardised log spectra [B,257,T,1] → [B,512]. Throws `MISSING_WEIGHT`. */
export function wav2clip(tf: Tf, weights: Weights, pictures: Tensor): { embedding: Tensor; pooled: Tensor } {
  const layers = layersOf(tf, weights);
  const own = 'audio_encoder.';
  const stem = tf.relu(layers.norm(`${own}bn1`, layers.convolution(`${own}conv1`, pictures, { stride: 2, padding: 3 })));
  let x = halvingMaxPool(tf, stem);
  for (const index of [1, 2, 3, 4]) x = residualLayer(tf, layers, index, x, own);
  const pooled = tf.mean(x, [1, 2]);
  const hidden = tf.relu(layers.linear('audio_transform.sequential.0', pooled));
  return { embedding: layers.linear('audio_transform.sequential.3', hidden), pooled };
}
