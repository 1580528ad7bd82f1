import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Problem, SostenutoError } from '../../errors/problem.ts';
import type { Tensor, Tf } from '../backend/index.ts';
import { readEntries, readFloats } from '../tensor/safetensors.ts';
import { weightFiles } from './weight-files.ts';

/** A parsed JSON file of an encoder's folder; a field that does not fit throws `ENCODER_CONFIG`. */
export interface Fields {
  /** A whole number ≥ 0. */
  count(field: string, otherwise?: number): number;
  number(field: string, otherwise: number): number;
  /** One of the words that are known. */
  word<Word extends string>(field: string, known: readonly Word[], otherwise?: Word): Word;
  /** The object in a field. */
  within(field: string): Fields;
  /** As it stands. */
  raw(field: string): unknown;
  /** What to throw where a field is none of what is expected. */
  refusal(field: string, expected: string): SostenutoError;
  readonly all: object;
}

/** Reads a JSON object. Throws `ENCODER_CONFIG` if there is none. */
export function readFields(path: string): Fields {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw refusal(path, error instanceof Error ? error.message : String(error), 'a file of JSON, as the model’s publisher gives it');
  }
  return fieldsOf(json, path);
}

function fieldsOf(json: unknown, where: string): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw refusal(where, JSON.stringify(json) ?? 'nothing', 'an object');
  const fields = new Map<string, unknown>(Object.entries(json));
  const wrong = (field: string, expected: string) =>
    refusal(`${where}, ${field}`, JSON.stringify(fields.get(field)) ?? 'nothing', expected);
  return {
    all: json,
    refusal: wrong,
    raw: (field) => fields.get(field),
    within: (field) => fieldsOf(fields.get(field), `${where}, ${field}`),
    count(field, otherwise) {
      const value: unknown = fields.get(field) ?? otherwise;
      if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
      throw wrong(field, 'a whole number ≥ 0');
    },
    number(field, otherwise) {
      const value: unknown = fields.get(field) ?? otherwise;
      if (typeof value === 'number') return value;
      throw wrong(field, 'a number');
    },
    word(field, known, otherwise) {
      const word = known.find((word) => word === (fields.get(field) ?? otherwise));
      if (word === undefined) throw wrong(field, known.join(' or '));
      return word;
    },
  };
}

const refusal = (where: string, found: string, expected: string) =>
  new SostenutoError({ code: 'ENCODER_CONFIG', what: 'This configuration of an encoder is not supported.', where, found, expected });

export type Shapes = ReadonlyMap<string, readonly number[]>;
export type Weights = (name: string) => Tensor;

/** The tensors of a network. */
export interface Layout {
  readonly shapes: Shapes;
  /** Names that belong to it: one of them without a shape says that the configuration is another model's. Other tensors are left alone. */
  readonly own: RegExp;
  /** Another name under which some files keep a tensor. */
  readonly alias?: (name: string) => string;
}

/** Compares the tensors of a folder, by their files' headers alone. Throws `ENCODER_WEIGHTS` with all that are missing, misshapen or too many, `SAFETENSORS_INVALID`. */
export async function checkWeights(folder: string, { shapes, own, alias = (name) => name }: Layout): Promise<void> {
  const found = new Map<string, string>();
  for (const file of tensorFiles(folder))
    for (const [name, { dtype, shape }] of await readEntries(file)) found.set(name, `${/^B?F\d/.test(dtype) ? '' : dtype}[${shape}]`);
  const wrong = (name: string, found: string, expected: string) => ({
    code: 'ENCODER_WEIGHTS',
    what: 'A tensor of the encoder’s weights does not fit its configuration.',
    where: `${folder}, ${name}`,
    found,
    expected,
  });
  const problems: Problem[] = [...shapes].flatMap(([name, shape]) => {
    const has = found.get(name) ?? found.get(alias(name)) ?? 'nothing';
    return has === `[${shape}]` ? [] : [wrong(name, has, `[${shape}]`)];
  });
  const known = new Set([...shapes.keys()].flatMap((name) => [name, alias(name)]));
  for (const [name, shape] of found) if (own.test(name) && !known.has(name)) problems.push(wrong(name, shape, 'no such tensor'));
  if (problems.length > 0) throw new SostenutoError(shortened(problems));
}

/** Weights of another model differ everywhere: the first few say as much as all. */
const shortened = (problems: readonly Problem[], most = 8): Problem[] => {
  const [shown, rest] = [problems.slice(0, most), problems.length - most];
  return shown.map((problem, at) =>
    rest > 0 && at === most - 1 ? { ...problem, hint: `${rest} more differ: is it another model?` } : problem,
  );
};

/** Paths of a folder's safetensors files. Throws `ENCODER_WEIGHTS` if they are not all there. */
export const tensorFiles = (folder: string): string[] =>
  weightFiles(folder)
    .filter((name) => name.endsWith('.safetensors'))
    .map((name) => join(folder, name));

/** Reads the tensors of a network; the caller disposes of them. Throws as `checkWeights`. */
export async function readWeights(tf: Tf, folder: string, layout: Layout): Promise<{ weights: Weights; dispose(): void }> {
  await checkWeights(folder, layout);
  const { shapes, alias = (name) => name } = layout;
  const names = new Map([...shapes.keys()].flatMap((name) => [[alias(name), name] as const, [name, name] as const]));
  const kept = new Map<string, Tensor>();
  for (const file of tensorFiles(folder)) {
    const { tensors } = await readFloats(file, (name) => names.has(name) && !kept.has(names.get(name) ?? name));
    for (const [name, { data, shape }] of tensors) kept.set(names.get(name) ?? name, tf.tensor(data, [...shape]));
  }
  return {
    weights(name) {
      const tensor = kept.get(name);
      if (!tensor) throw new RangeError(`no tensor ${name} was asked for`);
      return tensor;
    },
    dispose: () => tf.dispose([...kept.values()]),
  };
}
