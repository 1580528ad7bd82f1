import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import type { ParameterShapes } from '../network/parameters.ts';
import { readFloats, storeFloats, writeSafetensors } from '../tensor/safetensors.ts';
import { checkNames, type NamedArrays } from './state.ts';

/** `config.json` of a trained model; its weights lie beside it in `model.safetensors`. */
export interface ModelConfig {
  readonly format: 1;
  readonly kind: string;
  readonly [detail: string]: unknown;
}

export async function writeModel(directory: string, config: ModelConfig, weights: NamedArrays): Promise<void> {
  await mkdir(directory, { recursive: true });
  const tensors = new Map([...weights].map(([name, { shape, data }]) => [name, storeFloats(data, shape)]));
  await writeSafetensors(join(directory, 'model.safetensors'), tensors, { format: 'pt', model: `sostenuto ${config.kind}` });
  await writeFile(join(directory, 'config.json'), `${JSON.stringify(config, undefined, 2)}\n`);
}

/** Throws `MODEL_INVALID` for a model of another kind, and `CHECKPOINT_MISMATCH`. */
export async function readModel<C extends ModelConfig>(
  directory: string,
  kind: C['kind'],
  shapesOf: (config: C) => ParameterShapes,
): Promise<{ config: C; weights: NamedArrays }> {
  const where = join(directory, 'config.json');
  const config: C = JSON.parse(await readFile(where, 'utf8'));
  if (config.format !== 1 || config.kind !== kind) {
    throw new SostenutoError({
      code: 'MODEL_INVALID',
      what: `This folder holds no ${kind.replaceAll('-', ' ')}.`,
      where,
      found: `kind ${config.kind}, format ${config.format}`,
      expected: `kind ${kind}, format 1`,
    });
  }
  const file = join(directory, 'model.safetensors');
  const { tensors } = await readFloats(file);
  checkNames(tensors, shapesOf(config), file);
  return { config, weights: tensors };
}
