import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { type BackendName, loadBackend, type Tensor, type Tf } from '../../../models/backend/index.ts';
import { findNativePackages } from '../../../models/backend/native.ts';
import { type Encodec, latentFrames, loadEncodec, parseEncodecConfig } from '../../../models/encoders/encodec/index.ts';
import { readFloats } from '../../../models/tensor/safetensors.ts';
import { openFixture } from '../../models/network/fixture.ts';
import type { Check, Checks, Kind } from '../kind.ts';
import { openTensors } from '../stored-tensors.ts';

const backends: BackendName[] = findNativePackages().length > 0 ? ['tensorflow', 'wasm', 'cpu'] : ['wasm', 'cpu'];
/** The stored values come from float32 code; wasm approximates tanh and sigmoid. */
const TOLERANCE: Record<BackendName, number> = { tensorflow: 2e-5, cpu: 2e-5, wasm: 1e-4 };
const PARAMETRIZED = 'model.parametrizations.safetensors';
/** What every layer gives. */
const TAPS = 'layer_taps.safetensors';

const distance = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape);
  return a.sub(b).abs().max().dataSync()[0] ?? Number.NaN;
};

interface Model {
  readonly tf: Tf;
  readonly model: Encodec;
  /** Torch's [B,C,T] as a tensor [B,T,C]. */
  stored(name: string): Tensor;
  /** The beginning of the file's sound, [1,samples]. */
  wave(samples: number): Tensor;
}

/** By the beginning of a tensor's name: what the model gives in its place. The number in the name is how long the input is. */
const OUTPUTS: Record<string, (given: Model, length: number) => Tensor> = {
  latent_: ({ model, wave }, samples) => model.encode(wave(samples)),
  batch_latent: ({ model, stored }) => model.encode(stored('batch_wave')),
  dec_out_: ({ model, stored }, frames) => model.decode(stored(`dec_in_${frames}`)),
  recon_unquantised_: ({ model, wave }, samples) => model.decode(model.encode(wave(samples))),
};
const outputOf = (name: string) => Object.entries(OUTPUTS).find(([start]) => name.startsWith(start))?.[1];
const lengthOf = (name: string) => Number(name.split('_').at(-1));

/** Runs a check on one backend with the folder's model, and frees it. */
async function withModel(path: string, backend: BackendName, check: (given: Model) => void | Promise<void>): Promise<void> {
  const { tf } = await loadBackend(backend);
  const model = await loadEncodec(tf, dirname(path));
  const fixture = openFixture(tf, path);
  const stored = (name: string) => tf.transpose(fixture.tensor(name), [0, 2, 1]);
  tf.engine().startScope();
  try {
    await check({ tf, model, stored, wave: (samples) => tf.slice(fixture.tensor('wave'), 0, samples).reshape([1, samples]) });
  } finally {
    tf.engine().endScope();
    model.dispose();
  }
}

function checkLayers({ tf, model }: Model, folder: string, tolerance: number): void {
  const fixture = openFixture(tf, join(folder, TAPS));
  const stored = (name: string) => tf.transpose(fixture.tensor(name), [0, 2, 1]);
  const compare = (side: string) => (index: number, output: Tensor) => {
    const [batch = 0, , length = 0, channels = 0] = output.shape;
    const name = `${side}_${String(index).padStart(2, '0')}`;
    expect(distance(tf.reshape(output, [batch, length, channels]), stored(name)), name).toBeLessThan(tolerance);
  };
  model.encode(stored('enc_in'), compare('enc'));
  model.decode(stored('dec_in'), compare('dec'));
  expect(fixture.unread()).toEqual([]);
}

async function checkSpelling({ tf, model, wave }: Model, folder: string): Promise<void> {
  const { tensors } = await readFloats(join(folder, PARAMETRIZED));
  const other = await loadEncodec(tf, { config: model.config, tensors });
  expect(distance(other.encode(wave(1600)), model.encode(wave(1600)))).toBe(0);
  other.dispose();
}

export const encodec: Kind = {
  name: 'encodec',
  cases: /(?:^|\/)encoders\/encodec[^/]*\/expected\.safetensors$/,
  beside: /(?:^|\/)encoders\/encodec[^/]*\/[^/]+$/,
  checks: (path): Checks => {
    const folder = dirname(path);
    const { names, array } = openTensors(path);
    const outputs = names.filter((name) => outputOf(name));
    const checks: Record<string, Check | string> = {};
    for (const backend of backends) {
      for (const name of outputs)
        checks[`${name} on ${backend}`] = () =>
          withModel(path, backend, (given) => {
            const found = outputOf(name)?.(given, lengthOf(name)) ?? given.tf.zeros([0]);
            expect(distance(found, given.stored(name))).toBeLessThan(TOLERANCE[backend]);
          });
      if (existsSync(join(folder, TAPS)))
        checks[`every layer on ${backend}`] = () => withModel(path, backend, (given) => checkLayers(given, folder, TOLERANCE[backend]));
    }
    checks['frames of a length'] = () => {
      const config = parseEncodecConfig(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')));
      for (const name of names.filter((name) => name.startsWith('latent_')))
        expect(latentFrames(config, lengthOf(name)), name).toBe(array(name).shape[2]);
    };
    if (existsSync(join(folder, PARAMETRIZED)))
      checks['the other spelling of weight norm is the same model'] = () => withModel(path, 'cpu', (given) => checkSpelling(given, folder));
    if (names.some((name) => name.startsWith('codes'))) checks['codes'] = 'no quantiser: the method uses the latents before it';
    return checks;
  },
};
