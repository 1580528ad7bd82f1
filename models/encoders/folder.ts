import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import type { Tensor, Tf } from '../backend/index.ts';
import { readFloats } from '../tensor/safetensors.ts';

/** A parsed JSON file of an encoder's folder; a field that does not fit throws `ENCODER_CONFIG`. */
export interface Fields {
  count(field: string): number;
  /** One of the words that are known. */
  word<Word extends string>(field: string, known: readonly Word[]): Word;
  /** As it stands. */
  raw(field: string): unknown;
}

export async function readFields(path: string): Promise<Fields> {
  const json: unknown = JSON.parse(await readFile(path, 'utf8'));
  const fields = new Map(typeof json === 'object' && json !== null ? Object.entries(json) : []);
  const wrong = (field: string, expected: string) =>
    new SostenutoError({
      code: 'ENCODER_CONFIG',
      what: 'This configuration of an encoder is not supported.',
      where: `${path}, ${field}`,
      found: JSON.stringify(fields.get(field)) ?? 'nothing',
      expected,
    });
  return {
    raw: (field) => fields.get(field),
    count(field) {
      const value: unknown = fields.get(field);
      if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
      throw wrong(field, 'a whole number ≥ 0');
    },
    word(field, known) {
      const word = known.find((word) => word === fields.get(field));
      if (word === undefined) throw wrong(field, known.join(' or '));
      return word;
    },
  };
}

export type Shapes = ReadonlyMap<string, readonly number[]>;
export type Weights = (name: string) => Tensor;

/** Reads the tensors of `model.safetensors` that have these names; the caller disposes of them. Throws `ENCODER_WEIGHTS` with all that are missing or misshapen. */
export async function readWeights(tf: Tf, folder: string, shapes: Shapes): Promise<{ weights: Weights; dispose(): void }> {
  const file = join(folder, 'model.safetensors');
  const { tensors } = await readFloats(file, (name) => shapes.has(name));
  const problems = [...shapes].flatMap(([name, shape]) => {
    const found = tensors.get(name)?.shape;
    if (found && `${found}` === `${shape}`) return [];
    const what = 'A tensor of the encoder’s weights does not fit its configuration.';
    return [{ code: 'ENCODER_WEIGHTS', what, where: `${file}, ${name}`, found: found ? `[${found}]` : 'nothing', expected: `[${shape}]` }];
  });
  if (problems.length > 0) throw new SostenutoError(problems);
  const kept = new Map([...tensors].map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]));
  return {
    weights(name) {
      const tensor = kept.get(name);
      if (!tensor) throw new RangeError(`no tensor ${name} was asked for`);
      return tensor;
    },
    dispose: () => tf.dispose([...kept.values()]),
  };
}
