import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BackendName, loadBackend, type Tensor, type Tf } from '../../../models/backend/index.ts';
import { findNativePackages } from '../../../models/backend/native.ts';
import { ENCODEC_24KHZ, type Encodec, latentFrames, loadEncodec, parseEncodecConfig } from '../../../models/encoders/encodec/index.ts';
import { encodecShapes } from '../../../models/encoders/encodec/layout.ts';
import { readFloats, type Safetensors } from '../../../models/tensor/safetensors.ts';

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'encoders', 'encodec_tiny');
const config = parseEncodecConfig(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')));
const names: BackendName[] = findNativePackages().length > 0 ? ['tensorflow', 'wasm', 'cpu'] : ['wasm', 'cpu'];
/** The stored values come from float32 code; wasm approximates tanh and sigmoid. */
const tolerance: Record<BackendName, number> = { tensorflow: 2e-5, cpu: 2e-5, wasm: 1e-4 };

let expected: Safetensors<Float32Array>['tensors'];
let taps: Safetensors<Float32Array>['tensors'];
beforeAll(async () => {
  expected = (await readFloats(join(folder, 'expected.safetensors'))).tensors;
  taps = (await readFloats(join(folder, 'layer_taps.safetensors'))).tensors;
});

/** Torch's [B,C,T] as a tensor [B,T,C]. */
function stored(tf: Tf, tensors: Safetensors<Float32Array>['tensors'], name: string): Tensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`no ${name}`);
  return tf.transpose(tf.tensor3d(tensor.data, tensor.shape as [number, number, number]), [0, 2, 1]);
}
const wave = (tf: Tf, samples: number): Tensor =>
  tf.tensor2d((expected.get('wave')?.data ?? new Float32Array()).slice(0, samples), [1, samples]);
const distance = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape);
  return a.sub(b).abs().max().dataSync()[0] ?? Number.NaN;
};

describe.each(names)('on %s', (name) => {
  let tf: Tf;
  let model: Encodec;
  beforeAll(async () => {
    tf = (await loadBackend(name)).tf;
    model = await loadEncodec(tf, folder);
  });

  test.each([100, 1600, 3200, 24000, 24001])('the latents of %i samples', (samples) => {
    tf.tidy(() => {
      expect(distance(model.encode(wave(tf, samples)), stored(tf, expected, `latent_${samples}`))).toBeLessThan(tolerance[name]);
    });
    expect(latentFrames(config, samples)).toBe(expected.get(`latent_${samples}`)?.shape[2]);
  });

  test('the latents of a batch', () => {
    tf.tidy(() => {
      expect(distance(model.encode(stored(tf, expected, 'batch_wave')), stored(tf, expected, 'batch_latent'))).toBeLessThan(
        tolerance[name],
      );
    });
  });

  test.each([1, 5, 10, 75])('the wave of %i latent frames', (frames) => {
    tf.tidy(() => {
      expect(distance(model.decode(stored(tf, expected, `dec_in_${frames}`)), stored(tf, expected, `dec_out_${frames}`))).toBeLessThan(
        tolerance[name],
      );
    });
  });

  test('encoder and decoder one after the other', () => {
    tf.tidy(() => {
      expect(distance(model.decode(model.encode(wave(tf, 24000))), stored(tf, expected, 'recon_unquantised_24000'))).toBeLessThan(
        tolerance[name],
      );
    });
  });

  test('the output of every layer', () => {
    tf.tidy(() => {
      const check = (side: 'enc' | 'dec') => (index: number, output: Tensor) => {
        const [batch = 0, , length = 0, channels = 0] = output.shape;
        const key = `${side}_${String(index).padStart(2, '0')}`;
        expect(distance(tf.reshape(output, [batch, length, channels]), stored(tf, taps, key)), key).toBeLessThan(tolerance[name]);
      };
      model.encode(stored(tf, taps, 'enc_in'), check('enc'));
      model.decode(stored(tf, taps, 'dec_in'), check('dec'));
    });
    expect.hasAssertions();
  });

  test('both spellings of weight norm are the same model; without g it is another one', async () => {
    const { tensors } = await readFloats(join(folder, 'model.parametrizations.safetensors'));
    const other = await loadEncodec(tf, { config, tensors });
    const withoutG = new Map(
      [...tensors].map(([key, tensor]) => [key, key.endsWith('original0') ? { ...tensor, data: tensor.data.map(() => 1) } : tensor]),
    );
    const broken = await loadEncodec(tf, { config, tensors: withoutG });
    tf.tidy(() => {
      const latents = model.encode(wave(tf, 1600));
      expect(distance(other.encode(wave(tf, 1600)), latents)).toBe(0);
      expect(distance(broken.encode(wave(tf, 1600)), latents)).toBeGreaterThan(0.1);
    });
    other.dispose();
    broken.dispose();
  });

  test('nothing is left behind', async () => {
    const before = tf.memory().numTensors;
    const another = await loadEncodec(tf, folder);
    tf.dispose(another.decode(tf.tidy(() => another.encode(wave(tf, 700)))));
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
