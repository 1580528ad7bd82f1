import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Tf } from '../../../../models/network/tensor-types.ts';
import { PAPER_CONTRASTIVE } from '../../../../models/objectives/contrastive.ts';
import { UNIQUE_AUGMENTATION } from '../../../../models/objectives/factor-cl/augment.ts';
import { EQUATION_6 } from '../../../../models/objectives/factor-cl/config.ts';
import { DIFFUSION_DPO } from '../../../../models/objectives/preference.ts';
import { readFlowModel } from '../../../../models/training/flow/model-files.ts';
import { FLOW_PRESETS, type FlowSettings } from '../../../../models/training/flow/settings.ts';
import { type FlowPart, type FlowStage, partOf } from '../../../../models/training/flow/stage.ts';
import { type FlowTraining, trainFlow } from '../../../../models/training/flow/train-flow.ts';
import { type FlowDataset, picturesOf } from '../../../../models/training/latents.ts';
import { normal, uniform } from '../../../../numeric/random.ts';
import { testBackend } from '../../network/fixture.ts';
import { folderCheckpoints } from '../folder-checkpoints.ts';

let tf: Tf;
let root: string;
beforeAll(async () => {
  tf = await testBackend();
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'stages-'));
});
afterEach(() => rm(root, { recursive: true }));

const [BATCH, FRAMES, CHANNELS, TEXT, TOKENS, VIDEO, KEYS, PIANO] = [4, 12, 3, 8, 2, 6, 51, 2];
const PREDICTOR = {
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
const dataset: FlowDataset = {
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
const statistics = { mean: new Float32Array(CHANNELS), deviation: new Float32Array(CHANNELS).fill(1) };

const base: FlowSettings['network'] = {
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

const stages: Record<string, { network: FlowSettings['network']; stage: FlowStage }> = {
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

interface Made {
  readonly name: string;
  readonly of: keyof typeof stages;
  readonly steps: number;
  readonly more?: Partial<FlowTraining>;
}
async function run({ name, of, steps, more }: Made) {
  const { network, stage } = stages[of] ?? { network: base, stage: { train: ['audio'] } };
  const needsReference = stage.preference !== undefined && more?.reference === undefined;
  const before = needsReference
    ? (await run({ name: `${name}-before`, of: '2.2 joint with the roll predictor', steps: 2 })).weights
    : undefined;
  const directory = join(root, name, 'model');
  await trainFlow({
    tf,
    settings: {
      ...FLOW_PRESETS.tiny,
      network,
      batch: BATCH,
      frames: FRAMES,
      steps,
      schedule: { base: 1e-2, warmUpSteps: 1, shape: 'constant' },
    },
    stage,
    seed: 5,
    dataset,
    statistics,
    directory,
    checkpoints: folderCheckpoints(join(root, name, 'checkpoints')),
    cadence: {},
    signal: new AbortController().signal,
    ...(before && { begin: async () => before, reference: { digest: 'of the stage before', weights: () => before } }),
    ...more,
  });
  return { directory, ...(await readFlowModel(directory, 'last')) };
}

describe.each(Object.keys(stages))('stage %s', (of) => {
  it('moves the parts that it trains and no other', async () => {
    const { stage, network } = stages[of] ?? { stage: { train: [] }, network: base };
    const start = await run({ name: 'start', of, steps: 0 });
    const end = await run({ name: 'end', of, steps: 4 });
    const moved = new Set<FlowPart>();
    for (const [name, { data }] of end.weights) if (String(data) !== String(start.weights.get(name)?.data)) moved.add(partOf(name));
    const present = stage.train.filter((part) => part !== 'heads' && (part !== 'extra' || network.extra));
    expect([...moved].sort()).toEqual([...present].sort());
  });

  it('resumed in the middle ends with the same bytes, optimisers of all its parts included', async () => {
    const whole = await run({ name: 'whole', of, steps: 6 });
    const controller = new AbortController();
    const stop = { signal: controller.signal, progress: ({ step }: { step: number }) => step === 3 && controller.abort(new Error('stop')) };
    await expect(run({ name: 'cut', of, steps: 6, more: stop })).rejects.toThrow('stop');
    const cut = await run({ name: 'cut', of, steps: 6 });
    const file = (directory: string) => readFile(join(directory, 'last.safetensors'), 'base64');
    expect(await file(cut.directory)).toBe(await file(whole.directory));
  });

  it('leaves no tensor behind, step by step', async () => {
    const counts: number[] = [];
    await run({ name: 'counted', of, steps: 6, more: { progress: () => counts.push(tf.memory().numTensors) } });
    expect(new Set(counts.slice(1)).size).toBe(1);
  });
});

describe('preference training', () => {
  it('begins at ln 2 with the model itself as reference, and prefers what it is told to', async () => {
    const seen: Record<string, number[]> = { accuracy: [], preference: [] };
    const metric = (name: string, _: number, value: number) => seen[name]?.push(value);
    await run({ name: 'preferences', of: '3b preferences', steps: 50, more: { metric } });
    expect(seen['accuracy']?.length).toBeGreaterThan(0);
    expect(seen['preference']?.at(-1)).toBeLessThan(Math.LN2);
  });

  it('refuses a checkpoint that was compared with another reference', async () => {
    const before = (await run({ name: 'base', of: '2.2 joint with the roll predictor', steps: 1 })).weights;
    const against = (digest: string) => ({ begin: async () => before, reference: { digest, weights: () => before } });
    await run({ name: 'one', of: '3b preferences', steps: 2, more: against('first') });
    await expect(run({ name: 'one', of: '3b preferences', steps: 4, more: against('second') })).rejects.toThrow(/another reference model/);
  });
});
