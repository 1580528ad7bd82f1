import type { Tensor, Tf } from '../../../../models/network/tensor-types.ts';
import { hash32 } from '../../../../numeric/random.ts';
import type { Fixture } from '../fixture.ts';

/** A weight of the fixture: name, torch's shape, and between which values it lies. */
export type FormulaRow = [name: string, shape: number[], low: number, high: number];
export const formulaRows = (fixture: Fixture) => (fixture.config as unknown as { tensors_lo_hi: FormulaRow[] }).tensors_lo_hi;

/** Numbers in [0,1) that depend on the name and the position alone. */
export function formulaUniform(name: string): (index: number) => number {
  const seed = hash32(`rollnet/${name}`);
  return (index) => {
    let z = (seed + Math.imul(index, 0x9e3779b9)) | 0;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 4294967296;
  };
}

const PICTURE = [5, 100, 900] as const;
const elements = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

export function formulaValues([name, shape, low, high]: FormulaRow): Float32Array {
  const uniform = formulaUniform(name);
  return Float32Array.from({ length: elements(shape) }, (_, i) => low + (high - low) * uniform(i));
}

export const formulaWeights = (tf: Tf, fixture: Fixture): Map<string, Tensor> =>
  new Map(formulaRows(fixture).map((row) => [row[0], tf.tensor(formulaValues(row), row[1])]));

/** The fixture's pictures [B,5,100,900]: patches of four brightnesses under noise. */
export function formulaPictures(name: string, batch: number): Float32Array {
  const [channels, height, width] = PICTURE;
  const uniform = formulaUniform(name);
  return Float32Array.from({ length: batch * channels * height * width }, (_, i) => {
    const [w, h] = [i % width, Math.floor(i / width) % height];
    const [c, b] = [Math.floor(i / (width * height)) % channels, Math.floor(i / (width * height * channels))];
    return uniform(i) * (((Math.floor(w / 75) + Math.floor(h / 25) + c + b) % 4) / 3);
  });
}

/** The same as windows [B,100,900,5]. */
export const formulaWindows = (tf: Tf, name: string, batch: number): Tensor =>
  tf.tidy(() => tf.transpose(tf.tensor(formulaPictures(name, batch), [batch, ...PICTURE]), [0, 2, 3, 1]));
