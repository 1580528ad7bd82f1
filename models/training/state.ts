import { join } from 'node:path';
import { type Problem, SostenutoError } from '../../errors/problem.ts';
import type { NamedArray } from '../network/parameters.ts';
import type { Tensor, Tf } from '../network/tensor-types.ts';
import { readFloats, storeFloats, writeSafetensors } from '../tensor/safetensors.ts';
import { fromNamed, type Layout, named, unflatten } from './flat.ts';
import type { PhaseTensors } from './update.ts';

export type NamedArrays = ReadonlyMap<string, NamedArray>;

/** Everything of a training that lies in tensors. */
export interface TrainingState {
  /** In the order of the layouts. */
  readonly phases: readonly PhaseTensors[];
  /** Weights that no gradient trains: frozen ones and buffers. */
  readonly fixed: Map<string, Tensor>;
}

/** The same on the host, as it is saved. */
interface Snapshot {
  readonly weights: NamedArrays;
  readonly moments: NamedArrays;
  readonly average: NamedArrays | undefined;
}

/** The state before the first step. The average is kept of the first phase only. */
export function beginTraining(tf: Tf, values: NamedArrays, layouts: readonly Layout[], withAverage: boolean): TrainingState {
  const trained = new Set(layouts.flatMap(({ names }) => names));
  const missing = [...trained].filter((name) => !values.has(name));
  if (missing.length > 0) {
    throw new SostenutoError({
      code: 'MISSING_WEIGHT',
      what: `There is no weight ${missing[0]} to train.`,
      where: missing.slice(0, 8).join(', '),
    });
  }
  const phases = layouts.map((layout, i): PhaseTensors => {
    const weights = fromNamed(tf, layout, values);
    const moments = { first: tf.zerosLike(weights), second: tf.zerosLike(weights) };
    return { weights, moments, average: withAverage && i === 0 ? tf.clone(weights) : undefined };
  });
  const fixed = [...values].filter(([name]) => !trained.has(name)).map(([name, array]) => [name, toTensor(tf, array)] as const);
  return { phases, fixed: new Map(fixed) };
}

export const toTensor = (tf: Tf, { shape, data }: NamedArray): Tensor => tf.tensor(data, [...shape]);

/** All weights as tensors, with the average in place of the trained ones if there is one. The caller disposes those it makes: the trained ones. */
export function currentWeights(tf: Tf, { phases, fixed }: TrainingState, layouts: readonly Layout[]) {
  const made = layouts.flatMap((layout, i) => {
    const phase = phases[i];
    const parts = phase ? tf.tidy(() => unflatten(tf, layout, phase.average ?? phase.weights)) : [];
    return parts.map((tensor, k) => [layout.names[k] ?? '', tensor] as const);
  });
  return { weights: new Map([...fixed, ...made]), dispose: () => tf.dispose(made.map(([, tensor]) => tensor)) };
}

/** Copies everything to the host, where it can be written while the training goes on. */
export function snapshot({ phases, fixed }: TrainingState, layouts: readonly Layout[]): Snapshot {
  const read = (pick: (phase: PhaseTensors) => Tensor | undefined, suffix = '') =>
    layouts.flatMap((layout, i) => {
      const tensor = phases[i] && pick(phases[i]);
      return tensor ? [...named(layout, tensor)].map(([name, array]) => [name + suffix, array] as const) : [];
    });
  const untrained = [...fixed].map(([name, tensor]) => [name, { shape: tensor.shape, data: tensor.dataSync<'float32'>() }] as const);
  const average = read((phase) => phase.average);
  return {
    weights: new Map([...untrained, ...read((phase) => phase.weights)]),
    moments: new Map([...read((phase) => phase.moments.first, FIRST), ...read((phase) => phase.moments.second, SECOND)]),
    average: average.length > 0 ? new Map(average) : undefined,
  };
}

const WEIGHTS = 'weights.safetensors';
const ADAM = 'adam.safetensors';
const AVERAGE = 'ema.safetensors';
const FIRST = '.exp_avg';
const SECOND = '.exp_avg_sq';

const storable = (arrays: NamedArrays) => new Map([...arrays].map(([name, { shape, data }]) => [name, storeFloats(data, shape)]));

/** Writes the files of a checkpoint: all weights, so that it stands alone, Adam's moments and the average, all by name. */
export async function writeSnapshot(directory: string, { weights, moments, average }: Snapshot): Promise<void> {
  await writeSafetensors(join(directory, WEIGHTS), storable(weights));
  await writeSafetensors(join(directory, ADAM), storable(moments));
  if (average) await writeSafetensors(join(directory, AVERAGE), storable(average));
}

/** Reads what `writeSnapshot` wrote. Throws `CHECKPOINT_MISMATCH` with all names that are missing, unexpected or of another shape. */
export async function readState(
  tf: Tf,
  directory: string,
  shapes: Shaped,
  layouts: readonly Layout[],
  withAverage: boolean,
): Promise<TrainingState> {
  const read = async (file: string, expected: Shaped) => {
    const { tensors } = await readFloats(join(directory, file));
    checkNames(tensors, expected, join(directory, file));
    return tensors;
  };
  const trained = (suffixes: readonly string[], of: readonly Layout[] = layouts): Shaped =>
    new Map(of.flatMap(({ names, shapes }) => names.flatMap((name, i) => suffixes.map((s) => [name + s, { shape: shapes[i] ?? [] }]))));
  const weights = await read(WEIGHTS, shapes);
  const moments = await read(ADAM, trained([FIRST, SECOND]));
  const average = withAverage ? await read(AVERAGE, trained([''], layouts.slice(0, 1))) : undefined;
  const moment = (layout: Layout, suffix: string) =>
    fromNamed(
      tf,
      layout,
      new Map(layout.names.flatMap((name) => [[name, moments.get(name + suffix) ?? { shape: [], data: new Float32Array() }]])),
    );
  const all = new Set(layouts.flatMap(({ names }) => names));
  return {
    phases: layouts.map((layout, i) => ({
      weights: fromNamed(tf, layout, weights),
      moments: { first: moment(layout, FIRST), second: moment(layout, SECOND) },
      average: average && i === 0 ? fromNamed(tf, layout, average) : undefined,
    })),
    fixed: new Map([...weights].filter(([name]) => !all.has(name)).map(([name, array]) => [name, toTensor(tf, array)])),
  };
}

/** Names and shapes; arrays and tensors are both. */
export type Shaped = ReadonlyMap<string, { readonly shape: readonly number[] }>;

/** Throws `CHECKPOINT_MISMATCH`, or another code, with everything that differs, unless both have the same names and shapes. */
export function checkNames(
  found: Shaped,
  expected: Shaped,
  where: string,
  { code, hint }: Pick<Problem, 'code' | 'hint'> = { code: 'CHECKPOINT_MISMATCH' },
): void {
  const problems: Problem[] = [];
  const report = (what: string, names: string[]) => {
    if (names.length === 0) return;
    const more = names.length > 8 ? ` and ${names.length - 8} more` : '';
    problems.push({ code, what: `The file has ${what}.`, where, found: names.slice(0, 8).join(', ') + more, ...(hint && { hint }) });
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

function disposePhase(tf: Tf, { weights, moments, average }: PhaseTensors): void {
  tf.dispose([weights, moments.first, moments.second, ...(average ? [average] : [])]);
}

export function disposeState(tf: Tf, { phases, fixed }: TrainingState): void {
  for (const phase of phases) disposePhase(tf, phase);
  tf.dispose([...fixed.values()]);
}
