import { join } from 'node:path';
import { expect } from 'vitest';
import { loadBackend } from '../../../models/backend/index.ts';
import type { NetworkConfig } from '../../../models/network/config.ts';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import { openTensors, type StoredTensors } from '../../parity/stored-tensors.ts';

/** Directory of the parity cases that come with the repository. */
export const FIXTURES = join(import.meta.dirname, '../../fixtures');

/** Expected values, wherever they come from. */
interface Values {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}
export interface Fixture extends StoredTensors {
  tensor(name: string): Tensor;
  /** Tensors below `w/` of the case and of the file, by their name behind it. */
  weights(scope?: string): Map<string, Tensor>;
}

/** Reads one parity file; masks become float32 tensors. */
export function openFixture(tf: Tf, path: string): Fixture {
  const stored = openTensors(path);
  const tensor = (name: string): Tensor => {
    const { shape, data } = stored.array(name);
    return tf.tensor(Float32Array.from(data), shape);
  };
  return {
    ...stored,
    tensor,
    weights: (scope = '') => {
      const all = new Map<string, Tensor>();
      for (const prefix of scope === '' ? ['w/'] : ['w/', `${scope}/w/`]) {
        for (const name of stored.names) if (name.startsWith(prefix)) all.set(name.slice(prefix.length), tensor(name));
      }
      return all;
    },
  };
}

/** One of the files that come with the repository. */
export const readFixture = (tf: Tf, name: string, folder = 'network'): Fixture =>
  openFixture(tf, join(FIXTURES, folder, `${name}.safetensors`));

export function maxDifference(actual: Tensor, expected: Values): number {
  expect(actual.shape).toEqual(expected.shape);
  const values = actual.dataSync();
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const difference = Math.abs((values[i] ?? Number.NaN) - (expected.data[i] ?? Number.NaN));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** ‖a − b‖₂ / ‖b‖₂; the plain norm of a where b is zero. */
export function relativeDifference(actual: Tensor, expected: Values): number {
  expect(actual.shape).toEqual(expected.shape);
  const values = actual.dataSync();
  let [difference, norm] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const wanted = expected.data[i] ?? Number.NaN;
    difference += ((values[i] ?? Number.NaN) - wanted) ** 2;
    norm += wanted ** 2;
  }
  return Math.sqrt(difference) / (norm > 0 ? Math.sqrt(norm) : 1);
}

/** Sizes of a stored network in this project's words. */
export function networkConfig(fixture: Fixture): NetworkConfig {
  const config: Record<string, number | null> = fixture.config;
  const number = (key: string, otherwise = 0): number => config[key] ?? otherwise;
  const [heads, headWidth] = [number('heads'), number('dim_head')];
  const main = { heads, headWidth };
  const own = 'xheads' in config && config['xheads'] === null ? { heads: 8, headWidth: 64 } : { heads: number('xheads', heads), headWidth };
  const keys = () => fixture.array('w/proj_frames.weight').shape[1] ?? 0;
  return {
    depth: number('depth'),
    latentChannels: number('ch'),
    positions: number('maxlen'),
    registers: number('reg'),
    kernel: number('kernel', 31),
    feedForwardMultiple: number('mult', 4),
    softClamp: number('softclamp', 50),
    audio: { width: number('dim'), ...main },
    text: { width: number('dim') },
    video: { width: number('dim_text'), ...main },
    ...(config['dim_frames'] ? { extra: { width: config['dim_frames'], keys: keys(), ...own } } : {}),
  };
}

/** The backend under test: `SOSTENUTO_BACKEND`, or the best that is present. */
export async function testBackend(): Promise<Tf> {
  const choice = process.env['SOSTENUTO_BACKEND'];
  const { tf } = await loadBackend(choice === 'cpu' || choice === 'wasm' || choice === 'tensorflow' ? choice : 'auto');
  return tf;
}
