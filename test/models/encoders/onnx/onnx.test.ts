import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { loadBackend, type Tf } from '../../../../models/backend/index.ts';
import { parseEncodecConfig } from '../../../../models/encoders/encodec/index.ts';
import { onnxFiles } from '../../../../models/encoders/onnx/files.ts';
import { openOnnx } from '../../../../models/encoders/onnx/session.ts';
import { openCaption, openCodec, openText, openVision } from '../../../../models/encoders/open.ts';
import { openTensors } from '../../../parity/stored-tensors.ts';
import { FIXTURES } from '../../network/fixture.ts';
import { clapTextGraph } from './clap-graph.ts';
import { clipTextGraph, clipVisionGraph } from './clip-graphs.ts';
import { encodecGraphs } from './encodec-graphs.ts';
import { t5Graph } from './t5-graph.ts';
import type { TorchGraph } from './torch-graph.ts';

const encoders = mkdtempSync(join(tmpdir(), 'sostenuto-onnx-'));
afterAll(() => rmSync(encoders, { recursive: true }));
let tf: Tf;
beforeAll(async () => {
  ({ tf } = await loadBackend());
});

const published = (name: string) => join(FIXTURES, 'encoders', name);
const weightsOf = (name: string) => join(published(name), 'model.safetensors');
const configOf = (name: string) => JSON.parse(readFileSync(join(published(name), 'config.json'), 'utf8'));
const expected = (name: string) => openTensors(join(published(name), 'expected.safetensors'));

/** A copy of a folder with graphs beside its weights. */
function withGraphs(name: string, graphs: Readonly<Record<string, TorchGraph>>): string {
  const folder = mkdtempSync(join(encoders, `${name}-`));
  for (const file of ['config.json', 'model.safetensors']) copyFileSync(join(published(name), file), join(folder, file));
  for (const [file, graph] of Object.entries(graphs)) graph.write(join(folder, file));
  return folder;
}

function distance(found: Float32Array | undefined, wanted: ArrayLike<number>): number {
  expect(found?.length).toBe(wanted.length);
  const values = found ?? new Float32Array();
  return values.reduce((most, value, at) => Math.max(most, Math.abs(value - (wanted[at] ?? Number.NaN))), 0);
}
/** [rows,columns] → [columns,rows], of torch's order and ours. */
const turned = (values: ArrayLike<number>, columns: number): Float32Array =>
  Float32Array.from(
    values,
    (_, at) => values[(at % (values.length / columns)) * columns + Math.floor(at / (values.length / columns))] ?? 0,
  );
const rowsOf = ({ shape, data }: { shape: readonly number[]; data: ArrayLike<number> }): number[][] =>
  Array.from({ length: shape[0] ?? 0 }, (_, row) => Array.from(data).slice(row * (shape[1] ?? 0), (row + 1) * (shape[1] ?? 0)));

describe('an ONNX file in an encoder’s folder gives what its weights give', () => {
  test('CLIP’s image tower', async () => {
    const name = 'clip_vision_quickgelu';
    const cases = ['landscape', 'portrait', 'square_same', 'tiny_upscale', 'grey'];
    const pixels = Float32Array.from(cases.flatMap((one) => [...turned(expected(name).array(`pixel_values.${one}`).data, 64 * 64)]));
    const wanted = expected(name).array('image_embeds').data;
    const embeds = async (folder: string) => {
      const network = await openVision(tf, folder);
      const found = await network.embed(pixels);
      await network.dispose();
      return found;
    };
    const found = await embeds(withGraphs(name, { 'vision_model.onnx': clipVisionGraph(weightsOf(name), configOf(name)) }));
    expect(distance(found, wanted)).toBeLessThan(5e-5);
    expect(distance(found, await embeds(published(name)))).toBeLessThan(5e-5);
    const other = { ...configOf(name), num_hidden_layers: 1 };
    const broken = await embeds(withGraphs(name, { 'vision_model.onnx': clipVisionGraph(weightsOf(name), other) }));
    expect(distance(broken, wanted)).toBeGreaterThan(1e-3);
  });

  test('CLIP’s text tower', async () => {
    const name = 'clip_text_quickgelu_legacy_eos';
    const { array } = expected(name);
    const folder = withGraphs(name, { 'text_model.onnx': clipTextGraph(weightsOf(name), configOf(name)) });
    for (const place of [folder, published(name)]) {
      const network = await openText(tf, place);
      const { states, embeds } = await network.encode(rowsOf(array('input_ids')), rowsOf(array('attention_mask')));
      expect(distance(states, array('last_hidden_state').data)).toBeLessThan(5e-5);
      expect(distance(embeds, array('text_embeds').data)).toBeLessThan(5e-5);
      await network.dispose();
    }
  });

  test('T5’s encoder', async () => {
    const name = 't5_tiny';
    const { array } = expected(name);
    const folder = withGraphs(name, { 'encoder_model.onnx': t5Graph(weightsOf(name), configOf(name)) });
    for (const place of [folder, published(name)]) {
      const network = await openText(tf, place);
      for (const single of [0, 1]) {
        const { states } = await network.encode(rowsOf(array(`single.${single}.input_ids`)));
        expect(distance(states, array(`single.${single}.last_hidden_state`).data)).toBeLessThan(2e-5);
      }
      const present = rowsOf(array('batch.attention_mask'));
      const { states } = await network.encode(rowsOf(array('batch.input_ids')), present);
      const isToken = present.flat();
      const width = states.length / isToken.length;
      const atTokens = (values: ArrayLike<number>) =>
        Float32Array.from(values, (value, at) => (isToken[Math.floor(at / width)] ? value : 0));
      expect(distance(atTokens(states), atTokens(array('batch.last_hidden_state').data))).toBeLessThan(2e-5);
      await network.dispose();
    }
  });

  test('CLAP’s text tower', async () => {
    const name = 'clap_fused_tiny';
    const { array } = expected(name);
    const embeds = async (folder: string) => {
      const network = await openCaption(tf, folder);
      const found = await network.embed(rowsOf(array('input_ids')), rowsOf(array('attention_mask')));
      await network.dispose();
      return found;
    };
    const { text_config: sizes } = configOf(name);
    const found = await embeds(withGraphs(name, { 'text_model.onnx': clapTextGraph(weightsOf(name), sizes) }));
    expect(distance(found, array('text_embeds').data)).toBeLessThan(5e-5);
    expect(distance(found, await embeds(published(name)))).toBeLessThan(5e-5);
    const other = { ...sizes, num_hidden_layers: 0 };
    const broken = await embeds(withGraphs(name, { 'text_model.onnx': clapTextGraph(weightsOf(name), other) }));
    expect(distance(broken, array('text_embeds').data)).toBeGreaterThan(1e-3);
  });

  test('Encodec, each half for itself', async () => {
    const name = 'encodec_tiny';
    const { array } = expected(name);
    const { encoder, decoder } = encodecGraphs(weightsOf(name), parseEncodecConfig(configOf(name)));
    const both = withGraphs(name, { 'encoder.onnx': encoder, 'decoder.onnx': decoder });
    for (const place of [both, withGraphs(name, { 'encoder.onnx': encoder }), published(name)]) {
      const codec = await openCodec(tf, place);
      const wave = Float32Array.from(array('wave').data);
      for (const samples of [1600, 3200, 24000, 24001]) {
        const latents = turned(array(`latent_${samples}`).data, Math.ceil(samples / 320));
        expect(distance(await codec.encode(wave.subarray(0, samples)), latents)).toBeLessThan(2e-5);
      }
      for (const frames of [1, 10]) {
        const latents = turned(array(`dec_in_${frames}`).data, frames);
        expect(distance(await codec.decode(latents), array(`dec_out_${frames}`).data)).toBeLessThan(2e-5);
      }
      await codec.dispose();
    }
  });

  test('but not where it gives other values than latents', async () => {
    const name = 'encodec_tiny';
    const { decoder } = encodecGraphs(weightsOf(name), parseEncodecConfig(configOf(name)));
    const codec = await openCodec(tf, withGraphs(name, { 'decoder.onnx': decoder, 'encoder.onnx': decoder }));
    await expect(codec.encode(new Float32Array(3200))).rejects.toMatchObject({ code: 'ONNX_INVALID' });
    await codec.dispose();
  });
});

describe('an ONNX file', () => {
  test('is looked for in the folder and in `onnx` below it, with what holds its large tensors', () => {
    const folder = mkdtempSync(join(encoders, 'files-'));
    expect(onnxFiles(folder, 'image')).toEqual([]);
    mkdirSync(join(folder, 'onnx'));
    for (const name of ['vision_model.onnx', 'vision_model.onnx_data', 'vision_model.onnx_data_1', 'text_model.onnx', 'other.onnx'])
      writeFileSync(join(folder, 'onnx', name), '');
    expect(onnxFiles(folder, 'image')).toEqual(['onnx/vision_model.onnx', 'onnx/vision_model.onnx_data', 'onnx/vision_model.onnx_data_1']);
    expect(onnxFiles(folder, 'codec encoder')).toEqual([]);
  });

  test('that is damaged, or another network, is refused by name', async () => {
    const path = join(encoders, 'damaged.onnx');
    writeFileSync(path, 'not a model');
    await expect(openOnnx(path)).rejects.toMatchObject({ code: 'ONNX_INVALID', problems: [{ where: path }] });
    const name = 't5_tiny';
    const folder = withGraphs(name, { 'text_model.onnx': t5Graph(weightsOf(name), configOf(name)) });
    const session = await openOnnx(join(folder, 'text_model.onnx'));
    const problem = {
      found: 'inputs input_ids, attention_mask; outputs last_hidden_state',
      expected: 'inputs among pixel_values and outputs image_embeds',
    };
    await expect(session.run({ pixel_values: { shape: [1], data: [0] } }, ['image_embeds'])).rejects.toMatchObject({
      code: 'ONNX_INVALID',
      problems: [problem],
    });
    await session.dispose();
  });

  describe('without the package that runs it', () => {
    afterEach(() => vi.doUnmock('onnxruntime-node'));
    test('is refused with the way to get it', async () => {
      vi.doMock('onnxruntime-node', () => {
        throw new Error('Cannot find package');
      });
      await expect(openOnnx('model.onnx')).rejects.toMatchObject({
        code: 'ONNX_RUNTIME_MISSING',
        problems: [{ hint: expect.stringContaining('npm install --ignore-scripts onnxruntime-node@1.30.0') }],
      });
    });
  });
});
