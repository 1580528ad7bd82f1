import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CodecRecipe } from '../../../models/codec/config.ts';
import { CODEC_CONFIG, CODEC_RECIPE } from '../../../models/codec/config.ts';
import type { EncodecConfig } from '../../../models/encoders/encodec/index.ts';
import type { Checkpoint, Checkpoints } from '../../../models/training/checkpoints.ts';

/** A codec of two strides, 16 samples a frame. */
export const TINY_CONFIG: EncodecConfig = {
  ...CODEC_CONFIG,
  sampling_rate: 1600,
  num_filters: 8,
  hidden_size: 8,
  upsampling_ratios: [4, 4],
};
export const TINY_RESOLUTIONS = [
  { window: 128, hop: 32, bins: 65 },
  { window: 32, hop: 16, bins: 17 },
];

export const TINY_RECIPE: CodecRecipe = {
  ...CODEC_RECIPE,
  steps: 8,
  batchSize: 2,
  cropSamples: 320,
  learningRate: 3e-3,
  warmUpSteps: 5,
  decaySteps: 5,
  checkpointEvery: 4,
  resolutions: TINY_RESOLUTIONS,
};
/** Partials over a fundamental with a struck envelope, [length]. */
export function tone(frequency: number, length: number, sampleRate: number): Float32Array {
  const decay = 3 / length;
  return Float32Array.from({ length }, (_, i) => {
    let value = 0;
    for (let n = 1; n <= 4; n++) value += Math.sin((2 * Math.PI * n * frequency * i) / sampleRate) / n ** 2;
    return 0.3 * value * Math.exp(-decay * i);
  });
}

/** Keeps every checkpoint as a directory below `root`. */
export function plainCheckpoints(root: string): Checkpoints & { readonly saved: Checkpoint[] } {
  const saved: Checkpoint[] = [];
  return {
    saved,
    latest: async () => saved.at(-1),
    save: async (step, state, write) => {
      const directory = join(root, String(step));
      await mkdir(directory, { recursive: true });
      await write(directory);
      saved.push({ step, directory, state });
    },
  };
}
