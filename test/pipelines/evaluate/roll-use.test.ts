import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initialParameters } from '../../../models/network/parameters.ts';
import { writeFlowModel } from '../../../models/training/flow/model-files.ts';
import { modelShapes } from '../../../models/training/flow/released-weights.ts';
import { normal } from '../../../numeric/random.ts';
import { measureRollUse } from '../../../pipelines/video-to-audio/evaluate/measure-roll-use.ts';
import { modelsOf } from '../../../pipelines/video-to-audio/models.ts';
import { presets } from '../../../pipelines/video-to-audio/presets.ts';
import { CHANNELS, clipOf, KEYS, type MadeClip, noiseOf, stageInputs, taskContext } from '../features.ts';
import { type Setup, setUp } from './trees.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

/** A held-out piano clip with a loud and a soft note of its own. */
const piano = (id: string, key: number): MadeClip => {
  const roll = new Uint8Array(30 * (KEYS + 1));
  for (let frame = 0; frame < 30; frame++) roll[frame * (KEYS + 1) + key + (frame % 2)] = frame % 2 === 0 ? 30 : 120;
  return { clip: clipOf(id, { split: 'test' }), features: { ...noiseOf(id, 30), roll } };
};

/** `extra-velocity` of the tiny preset; zeroes in its maps hide the roll, other values let it through. */
async function model(name: string, moved: boolean) {
  const made = modelsOf(presets.tiny)['extra-velocity'];
  if (made.kind !== 'flow') throw new Error('no flow model');
  const weights = new Map(
    [...initialParameters(modelShapes(made), 1)].map(([key, { shape, data }]) => {
      const noise = normal({ seed: 2, purpose: key }, data.length);
      return [key, { shape, data: moved ? data.map((value, i) => value + 0.1 * (noise[i] ?? 0)) : data }];
    }),
  );
  const folder = join(setup.folder, name);
  const config = { format: 1, kind: 'flow', network: made.network, steps: 0, seed: 1, averaged: false } as const;
  await writeFlowModel(folder, config, { mean: new Float32Array(CHANNELS), deviation: new Float32Array(CHANNELS).fill(1) }, weights);
  return setup.store.openTree(await setup.store.putTree(folder));
}

async function use(name: string, { moved = true, target = 'velocity' as 'velocity' | 'binary', clips = [piano('a', 40), piano('b', 50)] }) {
  const { statistics: _, ...inputs } = await stageInputs(setup, clips);
  const params = { seed: 1, frames: 30, roll: { keys: 51 as const, target, sustain: false } };
  return (
    await measureRollUse({
      inputs: { ...inputs, model: await model(name, moved) },
      params,
      item: undefined,
      context: taskContext(setup),
    })
  ).use;
}

describe('what a model takes from the roll', () => {
  it('is nothing as long as its maps are zero: whatever the roll tells, the loss is the same', async () => {
    expect(new Set(Object.values((await use('zero', { moved: false })) ?? {})).size).toBe(1);
  });

  it('shows in four losses that differ', async () => {
    const found = (await use('moved', {})) ?? {};
    expect(Object.keys(found)).toEqual(['its own notes', 'its notes at one loudness', 'another clip’s notes', 'no notes']);
    expect(new Set(Object.values(found)).size).toBe(4);
  });

  it('is no loudness where the roll has none', async () => {
    const found = await use('binary', { target: 'binary' });
    expect(found?.['its notes at one loudness']).toBe(found?.['its own notes']);
    expect(found?.['another clip’s notes']).not.toBe(found?.['its own notes']);
  });

  it('cannot be told from a single clip', async () => {
    expect(await use('single', { clips: [piano('a', 40)] })).toBeNull();
  });
});
