import { expect, test } from 'vitest';
import { loadBackend } from '../../../models/backend/index.ts';
import { CODEC_CONFIG } from '../../../models/codec/config.ts';
import { codecParameters, initialValues, kernelsOf, publishedTensors, valuesOf } from '../../../models/codec/parameters.ts';
import { encode } from '../../../models/encoders/encodec/encodec.ts';
import { ENCODEC_24KHZ, framesPerSecond, loadEncodec } from '../../../models/encoders/encodec/index.ts';
import { encodecLayout, encodecShapes } from '../../../models/encoders/encodec/layout.ts';
import type { StoredTensor } from '../../../models/tensor/safetensors.ts';
import { layoutOf, unflatten } from '../../../models/training/flat.ts';
import { normal } from '../../../numeric/random.ts';
import { TINY_CONFIG } from './tiny.ts';

const count = (shapes: Iterable<{ readonly shape: readonly number[] }>): number =>
  [...shapes].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

test('the shipped codec has 1.08 million parameters at 75 frames a second, and fits into 3 MB as halves', () => {
  expect(count(codecParameters(CODEC_CONFIG).values())).toBe(1_075_089);
  expect(framesPerSecond(CODEC_CONFIG)).toBe(75);
  expect(2 * count([...encodecShapes(CODEC_CONFIG).values()].map((shape) => ({ shape })))).toBeLessThan(2.5e6);
});

test('what is trained and what is published compute the same latents', async () => {
  const { tf } = await loadBackend('cpu');
  const parameters = codecParameters(TINY_CONFIG);
  const values = initialValues(parameters, 5).map((value, i) => value + (i % 7) * 0.01);
  const tensors = publishedTensors(TINY_CONFIG, values, 'F32') as ReadonlyMap<string, StoredTensor<Float32Array>>;
  const model = await loadEncodec(tf, { config: TINY_CONFIG, tensors });
  tf.tidy(() => {
    const wave = tf.tensor2d(normal({ seed: 1, purpose: 'wave' }, 330), [1, 330]);
    const flat = layoutOf(parameters, parameters.keys(), { line: 1, turnsKernels: false });
    const kernels = kernelsOf(flat.names, unflatten(tf, flat, tf.tensor1d(values)));
    const trained = encode(tf, encodecLayout(TINY_CONFIG), kernels, wave);
    const published = model.encode(wave);
    expect(published.shape).toEqual([1, 21, 8]);
    expect(trained.sub(published).abs().max().dataSync()[0]).toBeLessThan(1e-4);
    const round = model.decode(published);
    expect(round.shape).toEqual([1, 336, 1]);
  });
  model.dispose();
});

test('published weights give back the values that were trained', () => {
  const values = initialValues(codecParameters(TINY_CONFIG), 5).map((value, i) => value + (i % 7) * 0.01);
  const tensors = publishedTensors(TINY_CONFIG, values, 'F32') as ReadonlyMap<string, StoredTensor<Float32Array>>;
  const back = valuesOf(TINY_CONFIG, tensors);
  expect(back.length).toBe(values.length);
  expect(back.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (values[i] ?? 0))), 0)).toBeLessThan(1e-6);
  const doubled = new Map(
    [...tensors].map(([name, tensor]) => [name, name.endsWith('weight_g') ? { ...tensor, data: tensor.data.map((g) => 2 * g) } : tensor]),
  );
  expect(valuesOf(TINY_CONFIG, doubled)[0]).toBeCloseTo(2 * (values[0] ?? 0), 5);
});

test('a weight begins the same whatever else the codec has', () => {
  const [narrow, deep] = [codecParameters(TINY_CONFIG), codecParameters({ ...TINY_CONFIG, num_residual_layers: 2 })];
  const first = (parameters: typeof narrow): Float32Array => initialValues(parameters, 1).slice(0, 20);
  expect(first(narrow)).toEqual(first(deep));
  expect(first(narrow)).not.toEqual(initialValues(narrow, 2).slice(0, 20));
});

test('recurrent layers are refused', () => {
  expect(() => codecParameters(ENCODEC_24KHZ)).toThrow(/num_lstm_layers 2/);
});
