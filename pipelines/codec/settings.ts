import { z } from 'zod';
import { PIECES_OF_SPLIT } from '../../datasets/synthetic/compose.ts';
import { CODEC_CONFIG, CODEC_RECIPE } from '../../models/codec/config.ts';

const positive = z.int().min(1);
const clips = positive.max(PIECES_OF_SPLIT);

const weights = z.strictObject({
  magnitude: z.number().min(0),
  logMagnitude: z.number().min(0),
  decibel: z.number().min(0),
  latent: z.number().min(0),
});

/** Everything a run of `codec` can be told. */
export const settingsSchema = z.strictObject({
  data: z.strictObject({
    pieces: clips.describe('piano pieces rendered for training'),
    sounds: clips.describe('captioned sounds rendered for training'),
    pianoShare: z.number().min(0).max(1).describe('part of the crops taken from piano'),
    unseen: clips.describe('pieces, and as many sounds, of the test split that the codec is judged by'),
  }),
  network: z.strictObject({ filters: positive, latentChannels: positive }),
  recipe: z.strictObject({
    seed: z.int().min(0),
    steps: positive,
    batchSize: positive,
    cropSamples: positive.describe('samples of a crop at 24 kHz; whole latent frames'),
    learningRate: z.number().positive(),
    warmUpSteps: z.int().min(0),
    decaySteps: z.int().min(0).describe('steps over which the rate falls to zero at the end'),
    clipNorm: z.number().positive(),
    latentNoise: z.number().min(0).describe('deviation of the noise on the latents, whose own deviation is held near 1'),
    opening: z
      .strictObject({ steps: z.int().min(0), weights })
      .describe('weights of the loss in the first steps: the waveform before the spectra'),
    weights,
    resolutions: z
      .array(z.strictObject({ window: positive, hop: positive, bins: positive }))
      .min(1)
      .describe('windows of the spectral loss, in samples, and the bins that count'),
    checkpointEvery: positive.describe('steps between checkpoints; never enters a key'),
  }),
});
export type Settings = z.infer<typeof settingsSchema>;

const full: Settings = {
  data: { pieces: 200, sounds: 150, pianoShare: 0.65, unseen: 12 },
  network: { filters: CODEC_CONFIG.num_filters, latentChannels: CODEC_CONFIG.hidden_size },
  recipe: { ...CODEC_RECIPE, resolutions: [...CODEC_RECIPE.resolutions] },
};

/** `full` makes the codec that is shipped. */
export const presets = {
  full,
  tiny: {
    data: { ...full.data, pieces: 2, sounds: 2, unseen: 1 },
    network: { filters: 4, latentChannels: 8 },
    recipe: { ...full.recipe, steps: 10, batchSize: 2, cropSamples: 9600, warmUpSteps: 2, decaySteps: 2, checkpointEvery: 4 },
  },
} satisfies Record<string, Settings>;
