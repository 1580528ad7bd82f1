import { PAPER_CONTRASTIVE } from '../../../../models/objectives/contrastive.ts';
import { UNIQUE_AUGMENTATION } from '../../../../models/objectives/factor-cl/augment.ts';
import { EQUATION_6 } from '../../../../models/objectives/factor-cl/config.ts';
import { DIFFUSION_DPO } from '../../../../models/objectives/preference.ts';
import { FLOW_PRESETS, type FlowSettings } from '../../../../models/training/flow/settings.ts';
import type { FlowStage } from '../../../../models/training/flow/stage.ts';
import { type FlowDataset, picturesOf } from '../../../../models/training/latents.ts';
import { normal, uniform } from '../../../../numeric/random.ts';

export const [BATCH, FRAMES] = [4, 12];
const [CHANNELS, TEXT, TOKENS, VIDEO, KEYS, PIANO] = [3, 8, 2, 6, 51, 2];
export const PREDICTOR = {
  views: ['front'],
  window: 5,
  height: 3,
  width: 35,
  baseWidth: 2,
  keys: 51,
  target: 'velocity',
  sustain: false,
} as const;

/** Clips of noise with everything a stage may read; the last two are piano. */
export const dataset: FlowDataset = {
  batch: BATCH,
  frames: FRAMES,
  channels: CHANNELS,
  textTokens: TOKENS,
  textWidth: TEXT,
  pianoRows: PIANO,
  batchAt: (step) => {
    const draw = (purpose: string, count: number) => normal({ seed: 1, purpose, step }, count);
    const roll = new Float32Array(BATCH * FRAMES * KEYS);
    roll.set(
      draw('roll', PIANO * FRAMES * KEYS).map((value) => (value > 1.5 ? 0.7 : 0)),
      (BATCH - PIANO) * FRAMES * KEYS,
    );
    return {
      latents: draw('latents', BATCH * FRAMES * CHANNELS),
      text: draw('text', BATCH * TOKENS * TEXT),
      textMask: new Float32Array(BATCH * TOKENS).fill(1),
      video: draw('video', BATCH * FRAMES * VIDEO),
      hasVideo: Array.from({ length: BATCH }, () => true),
      roll,
      pictures: { front: Float32Array.from(uniform({ seed: 1, purpose: 'pictures', step }, PIANO * picturesOf(FRAMES) * 3 * 35)) },
    };
  },
};
export const statistics = { mean: new Float32Array(CHANNELS), deviation: new Float32Array(CHANNELS).fill(1) };

export const base: FlowSettings['network'] = {
  ...FLOW_PRESETS.tiny.network,
  audio: { width: 8, heads: 2, headWidth: 4 },
  registers: 2,
  positions: 16,
};
const withVideo = { ...base, video: { width: 6, heads: 1, headWidth: 4 } };
const withRoll = { ...withVideo, extra: { width: 6, heads: 1, headWidth: 4, keys: KEYS } };
const predicted = { predictor: PREDICTOR, loss: 'code', weight: 10 } as const;
const factorCl = {
  widths: { audio: 8, video: 6 },
  criticWidth: 8,
  condition: { kind: 'augmentations' },
  weights: EQUATION_6,
  unitInputs: false,
} as const;
const contrast = { weight: 0.1, sharedWindow: false } as const;

/** Every stage of the method, at sizes of a few numbers. */
export const stages: Record<string, { network: FlowSettings['network']; stage: FlowStage }> = {
  '1.1 audio': { network: base, stage: { train: ['audio'] } },
  '1.2 video': { network: withVideo, stage: { train: ['video', 'maps'] } },
  '1.3 joint': { network: withVideo, stage: { train: ['audio', 'video', 'maps'] } },
  '2.1 extra': { network: withRoll, stage: { train: ['extra', 'maps'] } },
  '2.2 joint with the roll predictor': {
    network: withRoll,
    stage: { train: ['audio', 'video', 'maps', 'extra', 'roll'], roll: predicted },
  },
  '3a Eq. 5': {
    network: withVideo,
    stage: {
      train: ['audio', 'video', 'maps', 'heads'],
      contrast: { ...contrast, kind: 'eq5', frames: 3, width: 4, options: PAPER_CONTRASTIVE },
    },
  },
  '3a FactorCL': {
    network: withVideo,
    stage: {
      train: ['audio', 'video', 'maps', 'heads'],
      contrast: { ...contrast, kind: 'factor-cl', config: factorCl, augmentation: UNIQUE_AUGMENTATION, rate: 1e-3 },
    },
  },
  '3b preferences': {
    network: withRoll,
    stage: { train: ['audio', 'video', 'maps', 'extra', 'roll'], roll: predicted, preference: { ...DIFFUSION_DPO, weight: 1 } },
  },
};
