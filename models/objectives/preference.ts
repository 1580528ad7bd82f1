import { size } from '../network/differentiable.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';
import { drawNoise, drawTimes, type TimeDistribution } from './rectified-flow.ts';

/** Rows of every batch here: the preferred clip of each pair, then, in the same order, the rejected ones. */
export interface PreferenceOptions {
  /** Strength of the tie to the reference, in units of the error: it depends on the scale of the latents. */
  readonly beta: number;
  /** Whether both clips of a pair get the same noise and time. */
  readonly noise: 'shared' | 'own';
  /** What an error is the mean of. With `all` padded frames count as no error, so that short clips seem better. */
  readonly frames: 'valid' | 'all';
}
/** Diffusion-DPO (Wallace et al. 2023) for latents of unit variance. */
export const DIFFUSION_DPO: PreferenceOptions = { beta: 500, noise: 'shared', frames: 'valid' };
/** Released code of arXiv 2503.22200, on latents as the codec gives them. */
export const RELEASED_DPO: PreferenceOptions = { beta: 2, noise: 'own', frames: 'all' };

export interface PreferenceDraws {
  /** [2·pairs, elements of a clip] */
  readonly noise: Float32Array;
  /** [2·pairs] */
  readonly times: Float32Array;
}

/** Noise and times of a step from the address (seed, step). */
export function drawPreference(
  sharing: PreferenceOptions['noise'],
  distribution: TimeDistribution,
  seed: number,
  step: number,
  pairs: number,
  elementsPerClip: number,
): PreferenceDraws {
  const rows = sharing === 'own' ? 2 * pairs : pairs;
  const [noise, times] = [drawNoise(seed, step, rows, elementsPerClip), drawTimes(distribution, seed, step, rows)];
  return sharing === 'own' ? { noise, times } : { noise: twice(noise), times: twice(times) };
}

function twice(values: Float32Array): Float32Array {
  const both = new Float32Array(2 * values.length);
  both.set(values);
  both.set(values, values.length);
  return both;
}

/**
 * Change e_θ − e_ref of each row's squared velocity error from the frozen reference to the model [B]. prediction, reference, target [B,T,C],
 * mask [B,T] (1 = valid). As (v_θ − v_ref)·((v_θ − u) + (v_ref − u)): the difference of two means loses in float32 what β multiplies.
 */
export function errorChange(
  tf: Tf,
  prediction: Tensor,
  reference: Tensor,
  target: Tensor,
  frames: PreferenceOptions['frames'],
  mask?: Tensor,
): Tensor {
  const errors = tf.add(tf.sub(prediction, target), tf.sub(reference, target));
  const perFrame = tf.mean(tf.mul(tf.sub(prediction, reference), errors), -1);
  if (!mask) return tf.mean(perFrame, 1);
  const counted = frames === 'all' ? size(mask, 1) : tf.maximum(tf.sum(mask, 1), 1);
  return tf.div(tf.sum(tf.mul(perFrame, mask), 1), counted);
}

export interface PreferenceLoss {
  readonly loss: Tensor;
  /** Log-odds [pairs] that the model gives to the preferred clip; 0 at the reference. */
  readonly inside: Tensor;
  /** Share of the pairs that the model has in the right order; ties count as wrong. */
  readonly accuracy: Tensor;
}

/**
 * Diffusion-DPO loss, mean −ln sigmoid(−½β·(Δe(w) − Δe(l))), of the error changes Δe = e_θ − e_ref [2·pairs]: ln 2 at the reference,
 * lower if the model gains more on the preferred clips than on the rejected ones.
 */
export function preferenceLoss(tf: Tf, change: Tensor, beta: number): PreferenceLoss {
  const [preferred, rejected] = tf.split(change, 2, 0) as [Tensor, Tensor];
  const inside = tf.mul(tf.sub(rejected, preferred), beta / 2);
  return {
    loss: tf.mean(tf.softplus(tf.neg(inside))),
    inside,
    accuracy: tf.mean(tf.cast(tf.greater(inside, 0), 'float32')),
  };
}
