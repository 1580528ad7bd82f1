import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NamedArray } from '../../../../models/network/parameters.ts';
import { AUDEO, type RollPredictorConfig } from '../../../../models/network/roll-predictor/config.ts';
import { sampleClips } from '../../../../models/sampling/sample-clips.ts';
import { readFloats, readSafetensors, type StoredTensor, storeFloats, writeSafetensors } from '../../../../models/tensor/safetensors.ts';
import { readFlowModel, writeFlowModel } from '../../../../models/training/flow/model-files.ts';
import { exportReleased, importReleased, modelShapes, type ReleasedModel } from '../../../../models/training/flow/released-weights.ts';
import { writeModel } from '../../../../models/training/model-folder.ts';
import { normal } from '../../../../numeric/random.ts';
import { testBackend } from '../../network/fixture.ts';
import { SMALL_NETWORK } from '../../network/small-network.ts';

const network = { ...SMALL_NETWORK, video: { ...SMALL_NETWORK.video, inputWidth: 7 }, extra: { ...SMALL_NETWORK.extra, keys: 51 } };
const rollPredictor: RollPredictorConfig = { ...AUDEO, height: 35, width: 35, baseWidth: 2 };
const model = { kind: 'flow', network, rollPredictor } satisfies ReleasedModel;
const statistics = { mean: Float32Array.of(1, 2, 3), deviation: Float32Array.of(0.5, 1, 2) };
const draw = (purpose: string, count: number) => normal({ seed: 1, purpose }, count).map((value) => 0.3 * value);
const drawn = (of: ReleasedModel): Map<string, NamedArray> =>
  new Map(
    [...modelShapes(of)].map(([name, { shape }]) => [
      name,
      {
        shape,
        data: draw(
          name,
          shape.reduce((a, b) => a * b, 1),
        ),
      },
    ]),
  );

let directory = '';
const at = (name: string) => join(directory, name);
const hex = (data: Float32Array | undefined) => data && Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');
const bytesOf = async (name: string) => (await readFile(at(name))).toString('base64');
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'released-'));
  const config = { format: 1, kind: 'flow', network, rollPredictor, steps: 5, seed: 1, averaged: false } as const;
  await writeFlowModel(at('trained'), config, statistics, drawn(model));
  await exportReleased(at('trained'), at('out.safetensors'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('a model that was given out and taken in again', () => {
  it('has the same weights and statistics, and gives out the same bytes', async () => {
    const { parameters } = await importReleased(at('out.safetensors'), model, at('again'), { file: 'out.safetensors' });
    const [before, after] = [await readFlowModel(at('trained')), await readFlowModel(at('again'))];
    for (const [name, { data }] of before.weights) expect(hex(after.weights.get(name)?.data), name).toBe(hex(data));
    expect([after.statistics, after.config.rollPredictor, after.config.imported]).toEqual([
      statistics,
      rollPredictor,
      { file: 'out.safetensors' },
    ]);
    expect(await exportReleased(at('again'), at('again.safetensors'))).toBe(parameters);
    expect(await bytesOf('again.safetensors')).toBe(await bytesOf('out.safetensors'));
  });

  it('samples the same sounds', async () => {
    await importReleased(at('out.safetensors'), model, at('sampled'), {});
    const tf = await testBackend();
    const clip = { text: draw('text', 12), tokens: 2, video: draw('video', 63), roll: draw('roll', 9 * 51) };
    const sample = async (folder: string) => {
      const [latents] = await sampleClips(tf, folder, {
        clips: [clip],
        frames: 9,
        steps: 3,
        guidance: { strength: 2, convention: 'added' },
        seed: 4,
      });
      return hex(latents);
    };
    expect(await sample(at('sampled'))).toBe(await sample(at('trained')));
  });

  it('is complete for the released modules: with their buffers, under their names', async () => {
    const { tensors } = await readSafetensors(at('out.safetensors'));
    for (const name of ['proj_text.bias', 'transformer.frames_rotary_emb.inv_freq', 'video2roll_net.layer1.0.bn1.num_batches_tracked'])
      expect(tensors.has(name), name).toBe(true);
    expect([...tensors.keys()].filter((name) => name.endsWith('num_batches_tracked'))).toHaveLength(25);
  });

  it('is a roll predictor alone, too', async () => {
    const alone = { kind: 'roll-predictor', predictor: rollPredictor } satisfies ReleasedModel;
    await writeModel(at('predictor'), { format: 1, kind: 'roll-predictor', predictor: rollPredictor }, drawn(alone));
    await exportReleased(at('predictor'), at('predictor.safetensors'));
    const { parameters } = await importReleased(at('predictor.safetensors'), alone, at('predictor-again'), {});
    expect(await exportReleased(at('predictor-again'), at('predictor-again.safetensors'))).toBe(parameters);
    expect(await bytesOf('predictor-again.safetensors')).toBe(await bytesOf('predictor.safetensors'));
  });
});

/** The exported file with some tensors changed. */
async function changed(change: (tensors: Map<string, StoredTensor>) => void): Promise<string> {
  const tensors = new Map((await readSafetensors(at('out.safetensors'))).tensors);
  change(tensors);
  await writeSafetensors(at('changed.safetensors'), tensors);
  return at('changed.safetensors');
}

describe('a released file', () => {
  it('without statistics is one whose latents are the codec’s own; frozen encoders and heads are left out, and counted', async () => {
    const path = await changed((tensors) => {
      for (const name of ['latent.mean', 'latent.deviation']) tensors.delete(name);
      for (const name of ['text_encoder2.a', 'text_encoder2.b', 'transformer.a_align.weight'])
        tensors.set(name, storeFloats(new Float32Array(2), [2]));
    });
    const { leftOut } = await importReleased(path, model, at('plain'), {});
    expect([...leftOut.values()].sort((a, b) => a - b)).toEqual([1, 2, 3, 25]); // heads, encoder, rotary frequencies, counters
    expect((await readFlowModel(at('plain'))).statistics).toEqual({ mean: new Float32Array(3), deviation: new Float32Array(3).fill(1) });
  });

  it('in half precision is widened', async () => {
    const path = await changed((tensors) => {
      const { data, shape } = tensors.get('proj_in.weight') ?? { data: new Float32Array(), shape: [] };
      tensors.set('proj_in.weight', storeFloats(data as Float32Array, shape, 'F16'));
    });
    await importReleased(path, model, at('half'), {});
    const { data } = (await readFloats(path)).tensors.get('proj_in.weight') ?? { data: [] };
    expect((await readFlowModel(at('half'))).weights.get('proj_in.weight')?.data).toEqual(data);
  });

  it('that lacks a tensor, has one too many, or one turned round, is refused with all of it at once and a way out', async () => {
    const path = await changed((tensors) => {
      tensors.delete('to_pred.bias');
      tensors.set('transformer.unheard_of', storeFloats(new Float32Array(1), [1]));
      const turned = tensors.get('proj_frames.weight');
      if (turned) tensors.set('proj_frames.weight', { ...turned, shape: [...turned.shape].reverse() });
    });
    const problem = { code: 'WEIGHTS_MISMATCH', where: path, hint: expect.stringContaining('--stage') };
    await expect(importReleased(path, model, at('never'), {})).rejects.toMatchObject({
      problems: [
        { ...problem, what: expect.stringContaining('missing'), found: 'to_pred.bias' },
        { ...problem, what: expect.stringContaining('does not know'), found: 'transformer.unheard_of' },
        { ...problem, what: expect.stringContaining('another shape'), found: 'proj_frames.weight [51,8], expected [8,51]' },
      ],
    });
    await expect(readFile(at('never/config.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('of another stage names what that one has more', async () => {
    const { extra: _, ...base } = network;
    await expect(importReleased(at('out.safetensors'), { kind: 'flow', network: base }, at('never'), {})).rejects.toThrow(
      /text_to_audio[\s\S]*proj_frames/,
    );
  });
});
