import type { Scalar, Tensor, Tensor4D, Tf } from '../backend/index.ts';
import type { LossWeights } from './config.ts';
import { fourierFilter, magnitudes, type Resolution } from './spectra.ts';

export interface CodecLosses {
  readonly total: Scalar;
  readonly magnitude: Scalar;
  readonly logMagnitude: Scalar;
  /** −(signal-to-error ratio), decibels. */
  readonly decibel: Scalar;
  readonly latent: Scalar;
}
/** The weights as the vector [4] that a loss takes. */
export const weightVector = (weights: LossWeights): number[] => [weights.magnitude, weights.logMagnitude, weights.decibel, weights.latent];

/** target and output [B,T], latents [B,t,C], weights [4] */
export interface CodecLoss {
  (target: Tensor, output: Tensor, latents: Tensor, weights: Tensor): CodecLosses;
  dispose(): void;
}

/** Magnitude below which logarithms of spectra stop counting: −80 dB. */
const SPECTRAL_FLOOR = 1e-4;
/** Power of the waveform below which decibels stop counting; a lower one would let the softest crops rule. */
const POWER_FLOOR = 1e-4;
const TO_DECIBEL = 10 / Math.LN10;

/** Builds the loss, which keeps its transforms until disposed. */
export function codecLoss(tf: Tf, resolutions: readonly Resolution[]): CodecLoss {
  const filters: readonly [Resolution, Tensor4D][] = resolutions.map((resolution) => [resolution, tf.keep(fourierFilter(tf, resolution))]);
  const mean = (values: Tensor[]): Scalar => tf.div(tf.addN(values), values.length);
  const loss = (target: Tensor, output: Tensor, latents: Tensor, weights: Tensor): CodecLosses => {
    const pairs = filters.map(([resolution, filter]): [Tensor, Tensor] => [
      magnitudes(tf, target, resolution, filter),
      magnitudes(tf, output, resolution, filter),
    ]);
    const magnitude = mean(pairs.map(([a, b]) => tf.div(tf.mean(tf.abs(tf.sub(b, a))), tf.add(tf.mean(a), SPECTRAL_FLOOR))));
    const log = (x: Tensor): Tensor => tf.log(tf.add(x, SPECTRAL_FLOOR));
    const logMagnitude = mean(pairs.map(([a, b]) => tf.mean(tf.abs(tf.sub(log(b), log(a))))));
    const decibel = errorDecibels(tf, target, output);
    const latent = momentDivergence(tf, latents);
    const total = tf.sum(tf.mul(tf.stack([magnitude, logMagnitude, decibel, latent]), weights)) as Scalar;
    return { total, magnitude, logMagnitude, decibel, latent };
  };
  return Object.assign(loss, { dispose: () => tf.dispose(filters.map(([, filter]) => filter)) });
}

/** 10·log10(power of the error / power of the target), the mean over the batch; each crop counts the same, however soft. */
function errorDecibels(tf: Tf, target: Tensor, output: Tensor): Scalar {
  const level = (x: Tensor): Tensor => tf.log(tf.add(tf.mean(tf.square(x), 1), POWER_FLOOR));
  return tf.mul(tf.mean(tf.sub(level(tf.sub(output, target)), level(target))), TO_DECIBEL);
}

/** KL divergence of N(μ_c, σ_c²) from N(0,1), μ_c and σ_c over batch and time, the mean over the channels. */
function momentDivergence(tf: Tf, latents: Tensor): Scalar {
  const { mean, variance } = tf.moments(latents, [0, 1]);
  return tf.mul(tf.mean(tf.sub(tf.add(variance, tf.square(mean)), tf.add(tf.log(tf.add(variance, 1e-6)), 1))), 0.5);
}
