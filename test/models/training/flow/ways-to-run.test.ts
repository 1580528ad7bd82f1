import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kernelByKernel } from '../../../../bench/compare/kernel-by-kernel.ts';
import { loadBackend } from '../../../../models/backend/index.ts';
import { findNativePackages } from '../../../../models/backend/native.ts';
import type { Tf } from '../../../../models/network/tensor-types.ts';
import { FLOW_PRESETS } from '../../../../models/training/flow/settings.ts';
import { flowNetworkConfig, trainFlow } from '../../../../models/training/flow/train-flow.ts';
import { beginStage } from '../../../../models/training/flow/weights.ts';
import { folderCheckpoints } from '../folder-checkpoints.ts';
import { BATCH, base, dataset, FRAMES, stages, statistics } from './small-stages.ts';

/** Kernel by kernel a step takes a tenth of a second: `STEPS=200` takes minutes. */
const STEPS = Number(process.env['STEPS'] ?? 20);
/** Of a loss, relatively above 1. Found at most in 200 steps: 6e-4 with the roll predictor, whose norms run over the batch; 3e-5 with critics; else 2e-7. */
const boundOf = (of: string): number => (stages[of]?.stage.roll ? 1e-3 : stages[of]?.stage.contrast ? 1e-4 : 1e-5);
const native = findNativePackages().length > 0;
const compiled = async () => (await loadBackend('tensorflow')).tf;
const others: [string, () => Promise<Tf>][] = [
  ['kernel by kernel', async () => kernelByKernel(await compiled())],
  ['by WebAssembly', async () => (await loadBackend('wasm')).tf],
];

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ways-'));
});
afterAll(() => rm(root, { recursive: true }));

/** The loss of each step. */
async function lossesOf(of: string, way: string, tf: Tf, rate = 1e-3): Promise<number[]> {
  const { network, stage } = stages[of] ?? { network: base, stage: { train: [] } };
  const settings = {
    ...FLOW_PRESETS.tiny,
    network,
    batch: BATCH,
    frames: FRAMES,
    steps: STEPS,
    schedule: { base: rate, warmUpSteps: 1, shape: 'constant' as const },
  };
  const losses: number[] = [];
  await trainFlow({
    tf,
    settings,
    stage,
    seed: 5,
    dataset,
    statistics,
    directory: join(root, of, `${way} ${rate}`, 'model'),
    checkpoints: folderCheckpoints(join(root, of, `${way} ${rate}`, 'checkpoints')),
    cadence: {},
    signal: new AbortController().signal,
    progress: ({ loss }) => losses.push(loss),
    ...(stage.preference && {
      reference: { digest: 'beginning', weights: () => beginStage(flowNetworkConfig(settings, dataset), stage, 5) },
    }),
  });
  return losses;
}

const furthest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((loss, i) => Math.abs(loss - (b[i] ?? Number.NaN)) / Math.max(1, Math.abs(loss))));

describe.runIf(native).each(Object.keys(stages))('steps of stage %s', (of) => {
  it('have the same losses compiled, kernel by kernel and by WebAssembly', { timeout: 10_000 * STEPS }, async () => {
    const expected = await lossesOf(of, 'compiled', await compiled());
    expect(expected).toHaveLength(STEPS);
    for (const [way, load] of others) {
      const losses = await lossesOf(of, way, await load());
      if (STEPS > 20) console.log(of, way, furthest(expected, losses));
      expect(furthest(expected, losses), way).toBeLessThan(boundOf(of));
    }
  });
});

it.runIf(native)('steps at a rate that is a hundredth higher have other losses', async () => {
  const expected = await lossesOf('1.3 joint', 'usual', await compiled());
  const losses = await lossesOf('1.3 joint', 'faster', await compiled(), 1.01e-3);
  expect(furthest(expected, losses)).toBeGreaterThan(10 * boundOf('1.3 joint'));
});
