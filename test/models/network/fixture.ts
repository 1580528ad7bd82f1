import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { loadBackend } from '../../../models/backend/index.ts';
import type { NetworkConfig } from '../../../models/network/config.ts';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';

/** Directory of the parity cases; the full sets, or others of the same naming, can be put in its place. */
export const FIXTURES = process.env['FIXTURES'] ?? join(import.meta.dirname, '../../fixtures');

export interface Stored {
  readonly shape: number[];
  readonly data: Float64Array;
}
/** Expected values, wherever they come from. */
interface Values {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}
export interface Fixture {
  readonly config: Record<string, number>;
  readonly names: string[];
  has(name: string): boolean;
  array(name: string): Stored;
  tensor(name: string): Tensor;
  /** The case's own tensor if it has one, else the one shared by all cases. */
  of(scope: string, name: string): string;
  /** Tensors below `w/` of the case and of the file, by their name behind it. */
  weights(scope?: string): Map<string, Tensor>;
}

/** Reads one parity file; numbers stay as stored, masks become float32 tensors. */
export function readFixture(tf: Tf, name: string, folder = 'network'): Fixture {
  const bytes = readFileSync(join(FIXTURES, folder, `${name}.safetensors`));
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes));
  const { __metadata__: metadata, ...entries } = header;
  const array = (key: string): Stored => {
    const entry = entries[key];
    if (!entry) throw new Error(`${name} holds no ${key}`);
    const [from, to] = entry.data_offsets;
    const raw = bytes.buffer.slice(bytes.byteOffset + 8 + headerBytes + from, bytes.byteOffset + 8 + headerBytes + to);
    if (entry.dtype === 'F32') return { shape: entry.shape, data: Float64Array.from(new Float32Array(raw)) };
    if (entry.dtype === 'I32') return { shape: entry.shape, data: Float64Array.from(new Int32Array(raw)) };
    if (entry.dtype === 'U8') return { shape: entry.shape, data: Float64Array.from(new Uint8Array(raw)) };
    if (entry.dtype === 'I64') return { shape: entry.shape, data: Float64Array.from(new BigInt64Array(raw), Number) };
    throw new Error(`${name}: ${key} is ${entry.dtype}`);
  };
  const tensor = (key: string): Tensor => {
    const { shape, data } = array(key);
    return tf.tensor(Float32Array.from(data), shape);
  };
  const names = Object.keys(entries);
  return {
    config: JSON.parse(metadata?.config ?? '{}'),
    names,
    has: (key) => key in entries,
    array,
    tensor,
    of: (scope, key) => (scope !== '' && `${scope}/${key}` in entries ? `${scope}/${key}` : key),
    weights: (scope = '') => {
      const all = new Map<string, Tensor>();
      for (const prefix of scope === '' ? ['w/'] : ['w/', `${scope}/w/`]) {
        for (const key of names) if (key.startsWith(prefix)) all.set(key.slice(prefix.length), tensor(key));
      }
      return all;
    },
  };
}

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
export function networkConfig(config: Record<string, number | null>): NetworkConfig {
  const number = (key: string, otherwise = 0): number => config[key] ?? otherwise;
  const [heads, headWidth] = [number('heads'), number('dim_head')];
  const main = { heads, headWidth };
  const own = 'xheads' in config && config['xheads'] === null ? { heads: 8, headWidth: 64 } : { heads: number('xheads', heads), headWidth };
  return {
    depth: number('depth'),
    latentChannels: number('ch'),
    positions: number('maxlen'),
    registers: number('reg'),
    kernel: number('kernel', 31),
    feedForwardMultiple: 4,
    softClamp: 50,
    audio: { width: number('dim'), ...main },
    text: { width: number('dim') },
    video: { width: number('dim_text'), ...main },
    ...(config['dim_frames'] ? { extra: { width: config['dim_frames'], keys: 51, ...own } } : {}),
  };
}

/** The backend under test: `SOSTENUTO_BACKEND`, or the best that is present. */
export async function testBackend(): Promise<Tf> {
  const choice = process.env['SOSTENUTO_BACKEND'];
  const { tf } = await loadBackend(choice === 'cpu' || choice === 'wasm' || choice === 'tensorflow' ? choice : 'auto');
  return tf;
}
