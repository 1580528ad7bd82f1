import type { Tensor, Tf } from '../../../../models/network/tensor-types.ts';
import { hash32 } from '../../../../numeric/random.ts';
import type { Fixture } from '../fixture.ts';

/** A weight of the fixture: name, torch's shape, and between which values it lies. */
type FormulaRow = [name: string, shape: number[], low: number, high: number];
export const formulaRows = (fixture: Fixture) => (fixture.config as unknown as { tensors_lo_hi: FormulaRow[] }).tensors_lo_hi;

/** Numbers in [0,1) that depend on the fixture's salt, the name and the position alone. */
export function formulaUniform(fixture: Fixture, name: string): (index: number) => number {
  const { salt } = fixture.config as unknown as { salt: string }; // a word among numbers
  const seed = hash32(`${salt}/${name}`);
  return (index) => {
    let z = (seed + Math.imul(index, 0x9e3779b9)) | 0;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 4294967296;
  };
}

const elements = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

export function formulaValues(fixture: Fixture, [name, shape, low, high]: FormulaRow): Float32Array {
  const uniform = formulaUniform(fixture, name);
  return Float32Array.from({ length: elements(shape) }, (_, i) => low + (high - low) * uniform(i));
}

export const formulaWeights = (tf: Tf, fixture: Fixture): Map<string, Tensor> =>
  new Map(formulaRows(fixture).map((row) => [row[0], tf.tensor(formulaValues(fixture, row), row[1])]));

export interface Pictures {
  readonly name: string;
  readonly shape: readonly [batch: number, channels: number, height: number, width: number];
}
/** The fixture's input as its config names it, such as `picture(salt/input2), shape [2,5,100,900]`. */
export function picturesOf(fixture: Fixture): Pictures {
  const { input } = fixture.config as unknown as { input: string }; // a sentence among numbers
  const [, name = '', shape = ''] = input.match(/^picture\(salt\/(\w+)\), shape \[(.*)\]$/) ?? [];
  const [batch = 0, channels = 0, height = 0, width = 0] = shape.split(',').map(Number);
  return { name, shape: [batch, channels, height, width] };
}

/** Pictures [B,5,100,900]: patches of four brightnesses under noise. */
export function formulaPictures(fixture: Fixture): Float32Array {
  const { name, shape } = picturesOf(fixture);
  const [, channels, height, width] = shape;
  const uniform = formulaUniform(fixture, name);
  return Float32Array.from({ length: elements(shape) }, (_, i) => {
    const [w, h] = [i % width, Math.floor(i / width) % height];
    const [c, b] = [Math.floor(i / (width * height)) % channels, Math.floor(i / (width * height * channels))];
    return uniform(i) * (((Math.floor(w / 75) + Math.floor(h / 25) + c + b) % 4) / 3);
  });
}

/** The same as windows [B,100,900,5]. */
export const formulaWindows = (tf: Tf, fixture: Fixture): Tensor =>
  tf.tidy(() => tf.transpose(tf.tensor(formulaPictures(fixture), [...picturesOf(fixture).shape]), [0, 2, 3, 1]));
