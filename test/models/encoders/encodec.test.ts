import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BackendName, loadBackend, type Tensor, type Tf } from '../../../models/backend/index.ts';
import { findNativePackages } from '../../../models/backend/native.ts';
import { ENCODEC_24KHZ, type Encodec, loadEncodec, parseEncodecConfig } from '../../../models/encoders/encodec/index.ts';
import { encodecShapes } from '../../../models/encoders/encodec/layout.ts';
import { readFloats } from '../../../models/tensor/safetensors.ts';
import { normal } from '../../../numeric/random.ts';

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'encoders', 'encodec_tiny');
const config = parseEncodecConfig(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')));
const names: BackendName[] = findNativePackages().length > 0 ? ['tensorflow', 'wasm', 'cpu'] : ['wasm', 'cpu'];
const distance = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape);
  return a.sub(b).abs().max().dataSync()[0] ?? Number.NaN;
};
/** Newer torch saves weight norm as a parametrization. */
const parametrized = (name: string) =>
  name.replace(/weight_g$/, 'parametrizations.weight.original0').replace(/weight_v$/, 'parametrizations.weight.original1');

describe.each(names)('on %s', (name) => {
  let tf: Tf;
  let model: Encodec;
  beforeAll(async () => {
    tf = (await loadBackend(name)).tf;
    model = await loadEncodec(tf, folder);
  });

  test('both spellings of weight norm are the same model; without g it is another one', async () => {
    const read = await readFloats(join(folder, 'model.safetensors'));
    const tensors = new Map([...read.tensors].map(([key, tensor]) => [parametrized(key), tensor]));
    const other = await loadEncodec(tf, { config, tensors });
    const withoutG = new Map(
      [...tensors].map(([key, tensor]) => [key, key.endsWith('original0') ? { ...tensor, data: tensor.data.map(() => 1) } : tensor]),
    );
    const broken = await loadEncodec(tf, { config, tensors: withoutG });
    tf.tidy(() => {
      const wave = tf.tensor2d(normal({ seed: 1, purpose: 'wave' }, 1600), [1, 1600]);
      const latents = model.encode(wave);
      expect(distance(other.encode(wave), latents)).toBe(0);
      expect(distance(broken.encode(wave), latents)).toBeGreaterThan(0.1);
    });
    other.dispose();
    broken.dispose();
  });

  test('compiled, it computes what its layers compute one by one, at more lengths than graphs are kept for', () => {
    const oneByOne = () => {};
    for (const samples of [700, 701, 1280, 2000, 1500, 1600, 700])
      tf.tidy(() => {
        const wave = tf.tensor2d(normal({ seed: samples, purpose: 'wave' }, 2 * samples), [2, samples]);
        const latents = model.encode(wave);
        expect(distance(latents, model.encode(wave, oneByOne))).toBeLessThan(2e-6);
        expect(distance(model.decode(latents), model.decode(latents, oneByOne))).toBeLessThan(2e-6);
      });
  });

  test('nothing is left behind', async () => {
    const before = tf.memory().numTensors;
    const another = await loadEncodec(tf, folder);
    tf.dispose(another.decode(tf.tidy(() => another.encode(tf.zeros([1, 700])))));
    another.dispose();
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(1);
  });
});

test('the published model has 14.9 million values in the encoder and decoder', () => {
  const count = [...encodecShapes(ENCODEC_24KHZ).values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  expect(count).toBe(14_851_810);
});

test('all unsupported fields of a configuration are named at once', () => {
  expect(() => parseEncodecConfig({ audio_channels: 2, use_causal_conv: false, num_filters: 0 })).toThrow(
    /audio_channels[\s\S]*use_causal_conv[\s\S]*num_filters/,
  );
});

test('a missing or misshapen tensor is named', async () => {
  const { tf } = await loadBackend('cpu');
  const { tensors } = await readFloats(join(folder, 'model.safetensors'));
  const without = new Map([...tensors].filter(([key]) => key !== 'encoder.layers.3.conv.bias'));
  await expect(loadEncodec(tf, { config, tensors: without })).rejects.toThrow(
    /encoder\.layers\.3\.conv\.bias\n {2}found: nothing\n {2}expected: \[8\]/,
  );
});
