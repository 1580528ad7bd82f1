import { join } from 'node:path';
import { type Problem, SostenutoError } from '../../errors/problem.ts';
import type { NamedArray } from '../network/parameters.ts';
import type { Tensor, Tf, Variable } from '../network/tensor-types.ts';
import { readFloats, storeFloats, writeSafetensors } from '../tensor/safetensors.ts';
import { flatten, fromNamed, type Layout, layoutOf, named, unflatten } from './flat.ts';
import type { Moments } from './optimiser.ts';

/** Everything of a training that lies in tensors: the trained weights as one vector, Adam's moments, and the average. */
export interface TrainingTensors {
  weights: Tensor;
  moments: Moments;
  average: Tensor | undefined;
}

export type Parameters = ReadonlyMap<string, Variable>;

/** Variables with the given first values. */
export function makeParameters(tf: Tf, values: ReadonlyMap<string, NamedArray>): Map<string, Variable> {
  return new Map([...values].map(([name, { shape, data }]) => [name, tf.tidy(() => tf.variable(tf.tensor(data, [...shape])))]));
}

export const trainingLayout = (parameters: Parameters, trainable: readonly string[]): Layout => layoutOf(parameters, trainable);

/** The state before the first step. */
export function beginTraining(tf: Tf, parameters: Parameters, layout: Layout, withAverage: boolean): TrainingTensors {
  return tf.tidy(() => {
    const variables = layout.names.map((name) => variable(parameters, name));
    const weights = flatten(tf, variables);
    return {
      weights,
      moments: { first: tf.zerosLike(weights), second: tf.zerosLike(weights) },
      average: withAverage ? tf.clone(weights) : undefined,
    };
  });
}

/** Puts the vector of weights into the variables that the network reads. */
export function publishWeights(tf: Tf, parameters: Parameters, layout: Layout, weights: Tensor): void {
  tf.tidy(() => {
    unflatten(tf, layout, weights).forEach((value, i) => {
      variable(parameters, layout.names[i] ?? '').assign(value);
    });
  });
}

function variable(parameters: Parameters, name: string): Variable {
  const found = parameters.get(name);
  if (found) return found;
  throw new SostenutoError({ code: 'MISSING_WEIGHT', what: `There is no weight ${name} to train.`, where: name });
}

const WEIGHTS = 'weights.safetensors';
const ADAM = 'adam.safetensors';
const AVERAGE = 'ema.safetensors';

const storable = (arrays: ReadonlyMap<string, NamedArray>) =>
  new Map([...arrays].map(([name, { shape, data }]) => [name, storeFloats(data, shape)]));
const suffixed = (arrays: ReadonlyMap<string, NamedArray>, suffix: string) =>
  [...arrays].map(([name, array]) => [`${name}${suffix}`, array] as const);

/** Frozen weights and buffers travel with the trained ones, so that a checkpoint stands alone. */
function allWeights(parameters: Parameters, layout: Layout, weights: Tensor): Map<string, NamedArray> {
  const trained = named(layout, weights);
  return new Map(
    [...parameters].map(([name, tensor]) => [name, trained.get(name) ?? { shape: tensor.shape, data: tensor.dataSync<'float32'>() }]),
  );
}

/** Writes the files of a checkpoint: weights, Adam's moments and the average, all by name. */
export async function writeState(directory: string, parameters: Parameters, layout: Layout, state: TrainingTensors): Promise<void> {
  const moments = new Map([
    ...suffixed(named(layout, state.moments.first), '.exp_avg'),
    ...suffixed(named(layout, state.moments.second), '.exp_avg_sq'),
  ]);
  await writeSafetensors(join(directory, WEIGHTS), storable(allWeights(parameters, layout, state.weights)));
  await writeSafetensors(join(directory, ADAM), storable(moments));
  if (state.average) await writeSafetensors(join(directory, AVERAGE), storable(named(layout, state.average)));
}

/** Reads what `writeState` wrote. Throws `CHECKPOINT_MISMATCH` with all names that are missing, unexpected or of another shape. */
export async function readState(
  tf: Tf,
  directory: string,
  parameters: Parameters,
  layout: Layout,
  withAverage: boolean,
): Promise<TrainingTensors> {
  const read = async (file: string) => (await readFloats(join(directory, file))).tensors;
  const weights = await read(WEIGHTS);
  checkNames(weights, parameters, join(directory, WEIGHTS));
  for (const [name, tensor] of parameters) {
    if (!layout.names.includes(name)) tf.tidy(() => tensor.assign(tf.tensor(weights.get(name)?.data ?? [], tensor.shape)));
  }
  const moments = await read(ADAM);
  const expected = new Map(
    layout.names.flatMap((name, i) => ['.exp_avg', '.exp_avg_sq'].map((suffix) => [`${name}${suffix}`, { shape: layout.shapes[i] ?? [] }])),
  );
  checkNames(moments, expected, join(directory, ADAM));
  const part = (suffix: string) =>
    new Map(layout.names.map((name) => [name, moments.get(`${name}${suffix}`) ?? { shape: [], data: new Float32Array() }]));
  const average = withAverage ? await read(AVERAGE) : undefined;
  if (average)
    checkNames(average, new Map(layout.names.map((name, i) => [name, { shape: layout.shapes[i] ?? [] }])), join(directory, AVERAGE));
  return {
    weights: fromNamed(tf, layout, weights),
    moments: { first: fromNamed(tf, layout, part('.exp_avg')), second: fromNamed(tf, layout, part('.exp_avg_sq')) },
    average: average && fromNamed(tf, layout, average),
  };
}

type Shaped = ReadonlyMap<string, { readonly shape: readonly number[] }>;

/** Throws `CHECKPOINT_MISMATCH` unless both have the same names and shapes. */
export function checkNames(found: Shaped, expected: Shaped, where: string): void {
  const problems: Problem[] = [];
  const report = (what: string, names: string[]) => {
    if (names.length === 0) return;
    const more = names.length > 8 ? ` and ${names.length - 8} more` : '';
    problems.push({ code: 'CHECKPOINT_MISMATCH', what: `The file has ${what}.`, where, found: names.slice(0, 8).join(', ') + more });
  };
  report(
    'not all weights; missing',
    [...expected.keys()].filter((name) => !found.has(name)),
  );
  report(
    'weights that the network does not know',
    [...found.keys()].filter((name) => !expected.has(name)),
  );
  const differing = [...expected].filter(([name, { shape }]) => found.has(name) && String(found.get(name)?.shape) !== String(shape));
  report(
    'weights of another shape',
    differing.map(([name, { shape }]) => `${name} [${found.get(name)?.shape}], expected [${shape}]`),
  );
  if (problems.length > 0) throw new SostenutoError(problems);
}

export function disposeState(tf: Tf, { weights, moments, average }: TrainingTensors): void {
  tf.dispose([weights, moments.first, moments.second, ...(average ? [average] : [])]);
}
