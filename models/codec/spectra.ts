import type { Tensor, Tensor4D, Tf } from '../backend/index.ts';

/** One short-time Fourier transform: Hann windows of `window` samples every `hop`, the lowest `bins` frequencies k·rate/window. */
export interface Resolution {
  readonly window: number;
  /** Divides the window. */
  readonly hop: number;
  readonly bins: number;
}

/** The transform as the filter [1, window/hop, hop, 2·bins] of a convolution over blocks of `hop` samples; a full-scale sine on a bin has magnitude 1. */
export function fourierFilter(tf: Tf, { window, hop, bins }: Resolution): Tensor4D {
  const values = new Float32Array(window * 2 * bins);
  for (let n = 0; n < window; n++) {
    const hann = (1 - Math.cos((2 * Math.PI * n) / window)) / (window / 2);
    for (let k = 0; k < bins; k++) {
      const angle = (2 * Math.PI * ((k * n) % window)) / window;
      values[n * 2 * bins + k] = hann * Math.cos(angle);
      values[n * 2 * bins + bins + k] = -hann * Math.sin(angle);
    }
  }
  return tf.tensor4d(values, [1, window / hop, hop, 2 * bins]);
}

/**
 * Magnitudes [B,1,frames,bins] of a wave [B,T], by multiplication with the DFT matrix, because TensorFlow.js has no gradient of
 * its FFT. No padding: only whole windows. The floor keeps the gradient of the root finite in silence.
 */
export function magnitudes(tf: Tf, wave: Tensor, { hop, bins }: Resolution, filter: Tensor4D): Tensor4D {
  const [batch = 0, length = 0] = wave.shape;
  const blocks = Math.floor(length / hop);
  const whole = blocks * hop === length ? wave : tf.slice(wave, [0, 0], [batch, blocks * hop]);
  const transformed = tf.conv2d(tf.reshape(whole, [batch, 1, blocks, hop]) as Tensor4D, filter, 1, 'valid');
  const [real, imaginary] = tf.split(transformed, [bins, bins], 3) as [Tensor4D, Tensor4D];
  return tf.sqrt(tf.add(tf.add(tf.square(real), tf.square(imaginary)), 1e-10)) as Tensor4D;
}
