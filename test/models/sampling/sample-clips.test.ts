import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parameterShapes } from '../../../models/network/parameters.ts';
import type { Tf } from '../../../models/network/tensor-types.ts';
import { type SampleOptions, sampleClips } from '../../../models/sampling/sample-clips.ts';
import { writeFlowModel } from '../../../models/training/flow/model-files.ts';
import { normal } from '../../../numeric/random.ts';
import { testBackend } from '../network/fixture.ts';
import { SMALL_NETWORK as network } from '../network/small-network.ts';

const FRAMES = 9;
const draw = (purpose: string, count: number, sample = 0) => normal({ seed: 1, purpose, sample }, count);
/** Of different texts, the first without one. */
const clips = [0, 1, 2, 3, 4].map((tokens) => ({
  text: draw('text', tokens * 6, tokens),
  tokens,
  video: draw('video', FRAMES * 10, tokens),
  roll: draw('roll', FRAMES * 5, tokens),
}));

let tf: Tf;
let model: string;
beforeAll(async () => {
  tf = await testBackend();
  model = await mkdtemp(join(tmpdir(), 'sampled-'));
  const config = { format: 1, kind: 'flow', network, textTokens: 4, frames: FRAMES, steps: 0, seed: 1, averaged: false } as const;
  const weights = [...parameterShapes(network)].map(([name, { shape }]) => {
    const count = shape.reduce((product, side) => product * side, 1);
    return [name, { shape, data: draw(name, count).map((value) => 0.3 * value) }] as const;
  });
  await writeFlowModel(model, config, { mean: new Float32Array(3).fill(1), deviation: new Float32Array(3).fill(2) }, new Map(weights));
});
afterAll(() => rm(model, { recursive: true }));

const sample = (options: Partial<SampleOptions> = {}) =>
  sampleClips(tf, model, { clips, frames: FRAMES, steps: 6, guidance: { strength: 2, convention: 'added' }, seed: 4, ...options });
const farthest = (a: readonly Float32Array[], b: readonly Float32Array[]) =>
  Math.max(...a.flatMap((values, clip) => [...values].map((value, i) => Math.abs(value - (b[clip]?.[i] ?? Number.NaN)))));

describe('what is sampled for a clip', () => {
  it('does not depend on the clips beside it', async () => {
    const alone = await sample({ batch: 1 });
    expect(Math.max(...alone.flatMap((values) => [...values].map(Math.abs)))).toBeGreaterThan(1);
    for (const batch of [2, 3, 5]) expect(farthest(await sample({ batch }), alone)).toBeLessThan(1e-4);
  });

  it('depends on its place in the list, from which its noise is drawn', async () => {
    expect(farthest(await sample({ clips: [...clips].reverse() }), [...(await sample())].reverse())).toBeGreaterThan(1);
  });

  it('leaves no tensor behind, step by step and in the end', async () => {
    const counts: number[] = [];
    const before = tf.memory().numTensors;
    await sample({ batch: 5, progress: () => counts.push(tf.memory().numTensors) });
    expect(new Set(counts.slice(1)).size).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('cannot be longer than the model has positions', async () => {
    await expect(sample({ frames: 17 })).rejects.toMatchObject({
      code: 'CLIP_TOO_LONG',
      problems: [{ found: '17 latent frames', expected: 'at most 16' }],
    });
  });
});
