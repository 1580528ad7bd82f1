import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SostenutoError } from '../../../errors/problem.ts';
import type { NetworkConfig } from '../../network/config.ts';
import { type NamedArray, parameterShapes } from '../../network/parameters.ts';
import type { RollPredictorConfig } from '../../network/roll-predictor/config.ts';
import type { Tensor, Tf } from '../../network/tensor-types.ts';
import { readFloats, storeFloats, writeSafetensors } from '../../tensor/safetensors.ts';
import type { LatentStatistics } from '../latents.ts';
import { checkNames } from '../state.ts';
import { predictorShapes } from './weights.ts';

/** A trained flow model at rest: `config.json`, `model.safetensors` (for sampling) and, if they differ, `last.safetensors` (to train on from). */
export interface FlowModel {
  readonly network: NetworkConfig;
  readonly statistics: LatentStatistics;
  readonly weights: ReadonlyMap<string, NamedArray>;
}
export interface FlowModelConfig {
  readonly format: 1;
  readonly kind: 'flow';
  readonly network: NetworkConfig;
  /** Of a model whose roll is predicted; its weights lie beside the network's. */
  readonly rollPredictor?: RollPredictorConfig;
  readonly steps: number;
  readonly seed: number;
  /** Whether `model.safetensors` holds the average over training instead of the last weights. */
  readonly averaged: boolean;
  readonly [detail: string]: unknown;
}

export const MEAN = 'latent.mean';
export const DEVIATION = 'latent.deviation';
const MODEL = 'model.safetensors';
const LAST = 'last.safetensors';

/** Latent statistics lie beside the weights, so that nobody can sample without them. */
export const statisticsArrays = ({ mean, deviation }: LatentStatistics): Map<string, NamedArray> =>
  new Map([
    [MEAN, { shape: [mean.length], data: mean }],
    [DEVIATION, { shape: [deviation.length], data: deviation }],
  ]);

/** Writes a model folder. `average` replaces the trained ones of `last` in the file for sampling. */
export async function writeFlowModel(
  directory: string,
  config: FlowModelConfig,
  statistics: LatentStatistics,
  last: ReadonlyMap<string, NamedArray>,
  average?: ReadonlyMap<string, NamedArray>,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const file = (name: string, weights: ReadonlyMap<string, NamedArray>) => {
    const tensors = new Map([...weights, ...statisticsArrays(statistics)].map(([key, { shape, data }]) => [key, storeFloats(data, shape)]));
    return writeSafetensors(join(directory, name), tensors, { format: 'pt', model: 'sostenuto flow' });
  };
  await file(MODEL, average ? new Map([...last, ...average]) : last);
  if (average) await file(LAST, last);
  await writeFile(join(directory, 'config.json'), `${JSON.stringify(config, undefined, 2)}\n`);
}

/** Reads a model folder; `last` takes the weights to train on from. Throws `MODEL_INVALID` and `CHECKPOINT_MISMATCH`. */
export async function readFlowModel(
  directory: string,
  which: 'sampling' | 'last' = 'sampling',
): Promise<FlowModel & { config: FlowModelConfig }> {
  const where = join(directory, 'config.json');
  const config: FlowModelConfig = JSON.parse(await readFile(where, 'utf8'));
  if (config.format !== 1 || config.kind !== 'flow') {
    throw new SostenutoError({
      code: 'MODEL_INVALID',
      what: 'This folder holds no flow model.',
      where,
      found: `kind ${config.kind}, format ${config.format}`,
      expected: 'kind flow, format 1',
    });
  }
  const file = join(directory, which === 'last' && config.averaged ? LAST : MODEL);
  const { tensors } = await readFloats(file);
  const channels = config.network.latentChannels;
  const statistics = [MEAN, DEVIATION].map((name) => [name, { shape: [channels] }] as const);
  const expected = new Map<string, { readonly shape: readonly number[] }>([
    ...parameterShapes(config.network),
    ...predictorShapes(config.rollPredictor),
    ...statistics,
  ]);
  checkNames(tensors, expected, file);
  const data = (name: string) => tensors.get(name)?.data ?? new Float32Array();
  const weights = new Map([...tensors].filter(([name]) => name !== MEAN && name !== DEVIATION));
  return { config, network: config.network, statistics: { mean: data(MEAN), deviation: data(DEVIATION) }, weights };
}

/** Weights as tensors that live until they are disposed. */
export const loadWeights = (tf: Tf, weights: ReadonlyMap<string, NamedArray>): Map<string, Tensor> =>
  new Map([...weights].map(([name, { shape, data }]) => [name, tf.keep(tf.tensor(data, [...shape]))]));
