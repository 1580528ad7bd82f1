import { size } from '../network/differentiable.ts';
import { linearLayer } from '../network/linear.ts';
import { linearShapes } from '../network/linear-shapes.ts';
import type { ParameterShapes } from '../network/parameters.ts';
import type { Tensor, Tf, Weights } from '../network/tensor-types.ts';
import { excluding } from './excluding.ts';
import { unitVectors } from './unit-vectors.ts';

export interface ContrastiveOptions {
  readonly temperature: number;
  /**
   * Where the positives of an anchor, all frames of its clip, are summed. `in`: inside the logarithm (Eq. 5 of arXiv 2503.22200);
   * `out`: their logarithms are averaged (Khosla et al. 2020; the released code). The same for one frame a clip.
   */
  readonly form: 'in' | 'out';
  /** Half of the loss with video as anchors; without it only audio anchors, as in both sources. */
  readonly symmetric?: boolean;
  /** Over the anchors; Eq. 5 prints a sum. */
  readonly reduction?: 'mean' | 'sum';
}
export const PAPER_CONTRASTIVE: ContrastiveOptions = { temperature: 0.07, form: 'in' };
/** Weighted 0.04 beside the flow-matching loss there. */
export const RELEASED_CONTRASTIVE: ContrastiveOptions = { temperature: 0.07, form: 'out' };

const AUDIO_HEAD = 'transformer.a_align';
const VIDEO_HEAD = 'transformer.v_align';

/** Weights of the two projection heads; 512 values in the paper. */
export const contrastiveShapes = (audioWidth: number, videoWidth: number, width: number): ParameterShapes =>
  new Map([...linearShapes(AUDIO_HEAD, width, audioWidth), ...linearShapes(VIDEO_HEAD, width, videoWidth)]);

/** Embeddings of frames of the two streams. [N,J,audio width], [N,J,video width] → [N,J,width] each */
export const projectFrames = (tf: Tf, weights: Weights, audio: Tensor, video: Tensor): [audio: Tensor, video: Tensor] => [
  linearLayer(tf, weights, AUDIO_HEAD, audio),
  linearLayer(tf, weights, VIDEO_HEAD, video),
];

/**
 * Contrastive loss of N clips with J frames each: audio frames shall be closest to the video frames of their own clip.
 * Embeddings [N,J,width] of any length, mask [N,J] (1 = valid): other frames are neither anchors nor contrasts.
 */
export function contrastiveLoss(tf: Tf, audio: Tensor, video: Tensor, options: ContrastiveOptions, mask?: Tensor): Tensor {
  const [clips, frames, width] = [size(audio, 0), size(audio, 1), size(audio, 2)];
  const rows = clips * frames;
  const flat = (x: Tensor) => tf.reshape(unitVectors(tf, x), [rows, width]);
  const scores = tf.div(tf.matMul(flat(audio), flat(video), false, true), options.temperature);
  const block = tf.mul(tf.reshape(tf.eye(clips), [clips, 1, clips, 1]), tf.ones([1, frames, 1, frames]));
  const sameClip = tf.reshape(block, [rows, rows]);
  const valid = mask ? tf.reshape(mask, [rows]) : tf.ones([rows]);
  const half = (s: Tensor) => anchorLoss(tf, s, sameClip, valid, options);
  return options.symmetric ? tf.mul(tf.add(half(scores), half(tf.transpose(scores))), 0.5) : half(scores);
}

function anchorLoss(tf: Tf, scores: Tensor, sameClip: Tensor, valid: Tensor, { form, reduction }: ContrastiveOptions): Tensor {
  const positives = tf.mul(sameClip, valid);
  const attraction =
    form === 'in'
      ? tf.logSumExp(excluding(tf, scores, positives), 1)
      : tf.div(tf.sum(tf.mul(scores, positives), 1), tf.maximum(tf.sum(positives, 1), 1));
  const total = tf.sum(tf.mul(tf.sub(tf.logSumExp(excluding(tf, scores, valid), 1), attraction), valid));
  return reduction === 'sum' ? total : tf.div(total, tf.maximum(tf.sum(valid), 1));
}
