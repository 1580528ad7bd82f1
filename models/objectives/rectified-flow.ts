import { normal, uniform } from '../../numeric/random.ts';
import { size } from '../network/differentiable.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';

/** Point x_t = (1−t)·noise + t·latent on the straight way from noise (t = 0) to data (t = 1). All [B,T,C], time [B]. */
export function interpolate(tf: Tf, noise: Tensor, latents: Tensor, time: Tensor): Tensor {
  const t = tf.reshape(time, [-1, 1, 1]);
  return tf.add(tf.mul(tf.sub(1, t), noise), tf.mul(t, latents));
}

/** Velocity to be learned, latent − noise. */
export const velocityTarget = (tf: Tf, noise: Tensor, latents: Tensor): Tensor => tf.sub(latents, noise);

export interface FlowLoss {
  /** Mean squared error over all valid frames and channels of the batch: weighted by frames, not by clips. */
  readonly loss: Tensor;
  /** The same mean within each clip [B]. */
  readonly perClip: Tensor;
}

/** Masked flow-matching loss. prediction and target [B,T,C], mask [B,T] (1 = valid). */
export function rectifiedFlowLoss(tf: Tf, prediction: Tensor, target: Tensor, mask?: Tensor): FlowLoss {
  const squares = tf.mean(tf.square(tf.sub(prediction, target)), -1);
  if (!mask) return { loss: tf.mean(squares), perClip: tf.mean(squares, 1) };
  const valid = tf.mul(squares, mask);
  return { loss: tf.div(tf.sum(valid), tf.sum(mask)), perClip: tf.div(tf.sum(valid, 1), tf.maximum(tf.sum(mask, 1), 1)) };
}

/** How times are drawn: uniform (the paper) or logit-normal with mean 0 and deviation 1. */
export type TimeDistribution = 'uniform' | 'logit-normal';

/** One time in [0,1) a clip, from the address (seed, `time`, step). */
export function drawTimes(distribution: TimeDistribution, seed: number, step: number, batch: number): Float32Array {
  const address = { seed, purpose: 'time', step };
  if (distribution === 'uniform') return Float32Array.from(uniform(address, batch));
  return normal(address, batch).map((value) => 1 / (1 + Math.exp(-value)));
}

/** Noise of a batch [B,T,C], each clip at its own address, so that a clip's noise does not depend on the batch around it. */
export function drawNoise(seed: number, step: number, batch: number, elementsPerClip: number, firstSample = 0): Float32Array {
  const noise = new Float32Array(batch * elementsPerClip);
  for (let i = 0; i < batch; i++) {
    noise.set(normal({ seed, purpose: 'noise', step, sample: firstSample + i }, elementsPerClip), i * elementsPerClip);
  }
  return noise;
}

export interface ConditioningDropout {
  /** Probability that a clip's text is dropped; the paper's code: 0.1. */
  readonly text: number;
  /** Probability that the whole batch's video is dropped; the paper's code: 0.2. */
  readonly video: number;
  /** Probability that a clip with video loses its text in addition; the paper's code: 0.5. */
  readonly textOfVideo: number;
}
export const PAPER_DROPOUT: ConditioningDropout = { text: 0.1, video: 0.2, textOfVideo: 0.5 };

export interface Dropped {
  /** 1 = keep, 0 = replace by zeros; one a clip. */
  readonly keepText: Float32Array;
  readonly keepVideo: Float32Array;
}

/** Which conditions a step drops. `hasVideo` has one entry a clip. The piano roll is never dropped. */
export function drawDropout(dropout: ConditioningDropout, seed: number, step: number, hasVideo: readonly boolean[]): Dropped {
  const batch = hasVideo.length;
  const draws = uniform({ seed, purpose: 'conditioning dropout', step }, 2 * batch + 1);
  const videoDropped = (draws[2 * batch] ?? 1) < dropout.video;
  const textDropped = (i: number) =>
    (draws[i] ?? 1) < dropout.text || (hasVideo[i] === true && (draws[batch + i] ?? 1) < dropout.textOfVideo);
  return {
    keepText: Float32Array.from({ length: batch }, (_, i) => (textDropped(i) ? 0 : 1)),
    keepVideo: Float32Array.from({ length: batch }, (_, i) => (videoDropped || !hasVideo[i] ? 0 : 1)),
  };
}

/** Zeros the conditions of dropped clips. condition [B,n,d], keep [B]. */
export const applyKeep = (tf: Tf, condition: Tensor, keep: Tensor): Tensor => tf.mul(condition, tf.reshape(keep, [size(keep, 0), 1, 1]));
