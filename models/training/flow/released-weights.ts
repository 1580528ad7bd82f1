import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkConfig } from '../../network/config.ts';
import { rotaryName, STREAMS } from '../../network/names.ts';
import { countParameters, type NamedArray, type ParameterShapes, parameterShapes } from '../../network/parameters.ts';
import { besideWeights, releasedName } from '../../network/released-names.ts';
import type { RollPredictorConfig } from '../../network/roll-predictor/config.ts';
import { rollPredictorShapes } from '../../network/roll-predictor/shapes.ts';
import { rotaryFrequencies } from '../../network/rotary.ts';
import { readFloats, type StoredTensor, storeFloats, writeSafetensors } from '../../tensor/safetensors.ts';
import { writeModel } from '../model-folder.ts';
import { readRollModel } from '../roll/model-files.ts';
import { checkNames, type NamedArrays } from '../state.ts';
import { DEVIATION, MEAN, readFlowModel, statisticsArrays, writeFlowModel } from './model-files.ts';
import { predictorShapes } from './weights.ts';

/** A model that is taken from, or given out in, the names of the released modules. */
export type ReleasedModel =
  | { readonly kind: 'flow'; readonly network: NetworkConfig; readonly rollPredictor?: RollPredictorConfig }
  | { readonly kind: 'roll-predictor'; readonly predictor: RollPredictorConfig };

/** Every weight of the model by our name; allocates nothing. */
export const modelShapes = (model: ReleasedModel): ParameterShapes =>
  model.kind === 'roll-predictor'
    ? rollPredictorShapes(model.predictor)
    : new Map([...parameterShapes(model.network), ...predictorShapes(model.rollPredictor)]);

export interface Imported {
  readonly parameters: number;
  /** What else the file held, with the number of tensors. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/**
 * Writes a model folder like a training's from a file with the released names. Its latents are taken as the codec gives them (mean 0, deviation 1, as
 * the released code has it) unless the file says otherwise. `origin` goes into `config.json`. Throws `WEIGHTS_MISMATCH` with all names that are missing,
 * unexpected or of another shape, and `SAFETENSORS_INVALID`.
 */
export async function importReleased(
  path: string,
  model: ReleasedModel,
  directory: string,
  origin: Readonly<Record<string, unknown>>,
): Promise<Imported> {
  const shapes = modelShapes(model);
  const leftOut = new Map<string, number>();
  const { tensors: given } = await readFloats(path, (name) => {
    const beside = besideWeights(name);
    if (beside !== undefined) leftOut.set(beside, (leftOut.get(beside) ?? 0) + 1);
    return beside === undefined;
  });
  const expected = new Map<string, { readonly shape: readonly number[] }>([...shapes].map(([name, shape]) => [releasedName(name), shape]));
  const hasStatistics = model.kind === 'flow' && (given.has(MEAN) || given.has(DEVIATION));
  if (hasStatistics) for (const name of [MEAN, DEVIATION]) expected.set(name, { shape: [model.network.latentChannels] });
  checkNames(given, expected, path, {
    code: 'WEIGHTS_MISMATCH',
    hint: 'another --stage, or the sizes of the file by --preset and --set network.…, rollPredictor.… or encoders.…',
  });
  const weights = new Map([...shapes.keys()].map((name) => [name, given.get(releasedName(name)) as NamedArray]));
  if (model.kind === 'roll-predictor') {
    await writeModel(directory, { format: 1, kind: 'roll-predictor', predictor: model.predictor, imported: origin }, weights);
  } else {
    const { network, rollPredictor } = model;
    const config = { network, ...(rollPredictor && { rollPredictor }), steps: 0, seed: 0, averaged: false, imported: origin };
    const statistics = (name: string, otherwise: number) =>
      given.get(name)?.data ?? new Float32Array(network.latentChannels).fill(otherwise);
    const latents = { mean: statistics(MEAN, 0), deviation: statistics(DEVIATION, 1) };
    await writeFlowModel(directory, { format: 1, kind: 'flow', ...config }, latents, weights);
  }
  return { parameters: countParameters(shapes), leftOut };
}

/**
 * Writes the weights of a model folder, those for sampling, in the released names: with the buffers that the released modules have, and for a flow model with
 * the statistics of its latents, which those don't know. Returns the number of parameters. Throws `MODEL_INVALID` and `CHECKPOINT_MISMATCH`.
 */
export async function exportReleased(directory: string, path: string): Promise<number> {
  const { model, weights, statistics } = await readModelFolder(directory);
  const shapes = modelShapes(model);
  const tensors = new Map<string, StoredTensor>();
  const put = (name: string, { shape, data }: NamedArray) => tensors.set(name, storeFloats(data, shape));
  for (const [name, array] of weights) put(releasedName(name), array);
  for (const [name, array] of statistics) put(name, array);
  if (model.kind === 'flow') for (const [name, frequencies] of rotaryBuffers(model.network)) put(name, frequencies);
  for (const name of shapes.keys()) {
    if (!name.endsWith('.running_mean')) continue;
    const counter = name.replace(/running_mean$/, 'num_batches_tracked');
    tensors.set(counter, { dtype: 'I64', shape: [], data: BigInt64Array.of(0n) });
  }
  await writeSafetensors(path, new Map([...tensors].sort(([a], [b]) => (a < b ? -1 : 1))), { format: 'pt' });
  return countParameters(shapes);
}

async function readModelFolder(directory: string): Promise<{ model: ReleasedModel; weights: NamedArrays; statistics: NamedArrays }> {
  const { kind }: { kind?: unknown } = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8'));
  if (kind === 'roll-predictor') {
    const { config, weights } = await readRollModel(directory);
    return { model: { kind, predictor: config.predictor }, weights, statistics: new Map() };
  }
  const { config, network, weights, statistics } = await readFlowModel(directory);
  const { rollPredictor } = config;
  return { model: { kind: 'flow', network, ...(rollPredictor && { rollPredictor }) }, weights, statistics: statisticsArrays(statistics) };
}

const rotaryBuffers = (network: NetworkConfig): [string, NamedArray][] =>
  STREAMS.flatMap((stream) => {
    const sizes = network[stream];
    if (!sizes) return [];
    const data = rotaryFrequencies(sizes.headWidth);
    return [[rotaryName(stream), { shape: [data.length], data }]];
  });
