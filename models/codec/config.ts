import { ENCODEC_24KHZ, type EncodecConfig } from '../encoders/encodec/index.ts';
import type { Resolution } from './spectra.ts';

/**
 * The shipped codec: the published architecture with 32 latent channels at 75 Hz, narrow where the rate is high and without
 * recurrent layers. Ratios [5,4,4,4] in place of [8,5,4,2] leave the full rate at once, which saves a third of the work.
 */
export const CODEC_CONFIG: EncodecConfig = {
  ...ENCODEC_24KHZ,
  num_filters: 16,
  hidden_size: 32,
  upsampling_ratios: [5, 4, 4, 4],
  num_lstm_layers: 0,
};

/** Everything that decides a training's result, besides its data. */
export interface CodecRecipe {
  readonly seed: number;
  readonly steps: number;
  readonly batchSize: number;
  /** Samples of a crop; a multiple of the hop. */
  readonly cropSamples: number;
  readonly learningRate: number;
  readonly warmUpSteps: number;
  /** The rate falls to zero over the last steps and is constant before, so that a training can be continued from there. */
  readonly decaySteps: number;
  readonly clipNorm: number;
  /** Deviation of the normal noise on the latents, whose own deviation is held near 1: what is generated later is never exact. */
  readonly latentNoise: number;
  /** The waveform first: with much weight on spectra from the start, silence is where it stays (seen in trials). */
  readonly opening: { readonly steps: number; readonly weights: LossWeights };
  readonly weights: LossWeights;
  readonly resolutions: readonly Resolution[];
  readonly checkpointEvery: number;
}
export interface LossWeights {
  /** Distance of magnitudes relative to their mean. */
  readonly magnitude: number;
  readonly logMagnitude: number;
  /** A decibel of signal-to-error ratio of the waveform. */
  readonly decibel: number;
  /** Divergence of the latents' mean and deviation, channel by channel, from 0 and 1. */
  readonly latent: number;
}

export const CODEC_RECIPE: CodecRecipe = {
  seed: 1,
  steps: 21_860,
  batchSize: 4,
  cropSamples: 19_200,
  learningRate: 1e-3,
  warmUpSteps: 200,
  decaySteps: 5_000,
  clipNorm: 1,
  latentNoise: 0.1,
  opening: { steps: 2_900, weights: { magnitude: 0.3, logMagnitude: 0.2, decibel: 0.3, latent: 0.01 } },
  weights: { magnitude: 0.5, logMagnitude: 0.5, decibel: 0.2, latent: 0.05 },
  // Long windows tell low notes apart (up to 4 kHz), short ones place the onsets.
  resolutions: [
    { window: 2048, hop: 512, bins: 342 },
    { window: 512, hop: 256, bins: 257 },
    { window: 128, hop: 64, bins: 65 },
  ],
  checkpointEvery: 200,
};
