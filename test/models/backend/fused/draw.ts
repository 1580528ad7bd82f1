import { createHash } from 'node:crypto';
import { loadBackend, type Tensor, type Tf } from '../../../../models/backend/index.ts';
import { normal } from '../../../../numeric/random.ts';

/** The native backend, and whether it has the fused kernels: where the set-up compiled none there is nothing to test. */
export async function loadNative(): Promise<{ readonly tf: Tf; readonly threads: number; readonly isFused: boolean }> {
  const { tf, threads, flags } = await loadBackend();
  return { tf, threads, isFused: flags['kernels'] === 'fused' };
}

const count = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

/** Normal numbers of a name; of the name `mask` ones and zeros, whole last samples 0, and never negative as a second moment. */
export function draw(name: string, shape: readonly number[]): Float32Array {
  const values = Float32Array.from(normal({ seed: 6, purpose: `${name}${shape}` }, count(shape)));
  const sample = count(shape.slice(1));
  if (name === 'mask') return values.map((value, i) => Number(i < values.length - sample && value > -1));
  return name === 'second' ? values.map((value) => value * value) : values;
}
export const drawn = (tf: Tf, name: string, shape: readonly number[]): Tensor => tf.tensor(draw(name, shape), [...shape]);

export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}
export const valuesOf = (tensor: Tensor): Values => ({ shape: tensor.shape, data: tensor.dataSync<'float32'>() });

/** Largest difference over the largest of the wanted values, or over `least`; NaN if shapes differ or a value is not a number. */
export function farthest(found: Values, wanted: Values, least = 1): number {
  if (String(found.shape) !== String(wanted.shape)) return Number.NaN;
  const largest = wanted.data.reduce((most, value) => Math.max(most, Math.abs(value)), least);
  return wanted.data.reduce((most, value, i) => Math.max(most, Math.abs((found.data[i] ?? Number.NaN) - value)), 0) / largest;
}

/** Of the bits of a tensor, where many are compared for being the same. */
export const digestOf = (tensor: Tensor): string => createHash('sha256').update(tensor.dataSync<'float32'>()).digest('hex');
