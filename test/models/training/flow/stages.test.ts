import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Tf } from '../../../../models/network/tensor-types.ts';
import { readFlowModel } from '../../../../models/training/flow/model-files.ts';
import { FLOW_PRESETS } from '../../../../models/training/flow/settings.ts';
import { type FlowPart, partOf } from '../../../../models/training/flow/stage.ts';
import { type FlowTraining, trainFlow } from '../../../../models/training/flow/train-flow.ts';
import { testBackend } from '../../network/fixture.ts';
import { folderCheckpoints } from '../folder-checkpoints.ts';
import { BATCH, base, dataset, FRAMES, stages, statistics } from './small-stages.ts';

let tf: Tf;
let root: string;
beforeAll(async () => {
  tf = await testBackend();
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'stages-'));
});
afterEach(() => rm(root, { recursive: true }));

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
