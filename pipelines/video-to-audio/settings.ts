import { z } from 'zod';
import { PAPER_DROPOUT } from '../../models/objectives/rectified-flow.ts';
import type { FlowSettings } from '../../models/training/flow/settings.ts';
import { TORCH_ADAM } from '../../models/training/optimiser.ts';

const count = z.int().min(0);
const positive = z.int().min(1);

/** Sizes of the synthetic demo sets, in clips. */
const demoSets = z.strictObject({
  sounds: count.describe('captioned sounds'),
  events: count.describe('videos with visible events that sound'),
  piano: count.describe('piano pieces; each is played by two pianists'),
  clipSeconds: z.number().min(0.5).max(30).describe('length of a sound or event clip'),
});

const network = z.strictObject({
  depth: positive.multipleOf(2).describe('layers; the later half receives U-Net skips'),
  heads: positive,
  headWidth: positive.multipleOf(2).describe('channels a head; the width of the audio stream is heads × headWidth'),
  registers: positive,
  positions: positive.describe('longest clip in latent frames'),
});

const training = z.strictObject({
  steps: positive,
  batch: positive.describe('clips a step'),
  frames: positive.describe('latent frames of a training crop (75 a second)'),
  learningRate: z.number().positive(),
  warmUpSteps: count,
  clipNorm: z.number().positive().describe('global gradient norm'),
  emaDecay: z.number().min(0).lt(1),
  times: z.enum(['uniform', 'logit-normal']),
  dropText: z.number().min(0).max(1).describe('probability that a caption is dropped, for guidance'),
  validateEvery: positive.describe('steps between measurements of the validation loss'),
  checkpointSteps: positive.describe('steps between checkpoints; never enters a key'),
});

const sampling = z.strictObject({
  clips: positive.describe('held-out captions to generate'),
  seconds: z.number().min(0.5).max(30),
  steps: positive.describe('Euler intervals'),
  guidance: z.number().min(0).describe('strength s of v = v_c + s (v_c − v_∅)'),
  sway: z.number().min(-1).max(1.75),
});

/** Everything a run of `video-to-audio` can be told. */
export const settingsSchema = z.strictObject({
  seed: z.int().min(0),
  data: demoSets,
  shards: positive.describe('buckets of clips; a clip stays in its bucket whatever else comes or goes'),
  maxFailures: count.describe('clips that may be quarantined before ingest fails'),
  network,
  textToAudio: training,
  sampling,
});
export type Settings = z.infer<typeof settingsSchema>;
export type TrainingSettings = Settings['textToAudio'];
export type NetworkSettings = Settings['network'];

/** The method's fixed choices around the settings. The rate stays constant after the warm-up, so that more steps continue a training. */
export const flowSettings = (
  network: NetworkSettings,
  training: Omit<TrainingSettings, 'steps' | 'checkpointSteps'>,
  steps: number,
): FlowSettings => ({
  network: {
    depth: network.depth,
    positions: network.positions,
    registers: network.registers,
    kernel: 31,
    feedForwardMultiple: 4,
    softClamp: 50,
    audio: { width: network.heads * network.headWidth, heads: network.heads, headWidth: network.headWidth },
  },
  batch: training.batch,
  frames: training.frames,
  steps,
  optimiser: { ...TORCH_ADAM, clipNorm: training.clipNorm },
  schedule: { base: training.learningRate, warmUpSteps: training.warmUpSteps, shape: 'constant' },
  ema: { kind: 'constant', decay: training.emaDecay },
  times: training.times,
  dropout: { ...PAPER_DROPOUT, text: training.dropText },
});

const demo: Settings = {
  seed: 7,
  data: { sounds: 320, events: 24, piano: 16, clipSeconds: 2 },
  shards: 8,
  maxFailures: 5,
  network: { depth: 4, heads: 4, headWidth: 32, registers: 8, positions: 1024 },
  textToAudio: {
    steps: 450,
    batch: 8,
    frames: 150,
    learningRate: 2e-3,
    warmUpSteps: 50,
    clipNorm: 1,
    emaDecay: 0.99,
    times: 'logit-normal',
    dropText: 0.1,
    validateEvery: 50,
    checkpointSteps: 100,
  },
  sampling: { clips: 8, seconds: 2, steps: 32, guidance: 2, sway: -1 },
};

/** The first one is the default. Presets change sizes only. */
export const presets = {
  demo,
  tiny: {
    ...demo,
    data: { sounds: 24, events: 4, piano: 3, clipSeconds: 1 },
    shards: 3,
    network: { depth: 2, heads: 2, headWidth: 16, registers: 4, positions: 512 },
    textToAudio: {
      ...demo.textToAudio,
      steps: 24,
      batch: 4,
      frames: 60,
      warmUpSteps: 4,
      emaDecay: 0.9,
      validateEvery: 12,
      checkpointSteps: 5,
    },
    sampling: { ...demo.sampling, clips: 2, seconds: 1, steps: 4 },
  },
  small: {
    ...demo,
    data: { sounds: 2000, events: 200, piano: 100, clipSeconds: 4 },
    shards: 32,
    network: { depth: 8, heads: 6, headWidth: 64, registers: 16, positions: 2048 },
    textToAudio: {
      ...demo.textToAudio,
      steps: 20_000,
      batch: 16,
      frames: 300,
      learningRate: 3e-4,
      warmUpSteps: 500,
      emaDecay: 0.999,
      checkpointSteps: 500,
    },
    sampling: { ...demo.sampling, clips: 32, seconds: 4, steps: 64 },
  },
} satisfies Record<string, Settings>;
