import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SostenutoError } from '../../../errors/problem.ts';
import type { RollPredictorConfig } from '../../network/roll-predictor/config.ts';
import { rollPredictorShapes } from '../../network/roll-predictor/shapes.ts';
import { readFloats, storeFloats, writeSafetensors } from '../../tensor/safetensors.ts';
import { checkNames, type NamedArrays } from '../state.ts';

/** `config.json` of a trained roll predictor; its weights lie beside it in `model.safetensors`, under Audeo's names. */
export interface RollModelConfig {
  readonly format: 1;
  readonly kind: 'roll-predictor';
  readonly predictor: RollPredictorConfig;
  readonly [detail: string]: unknown;
}

export async function writeRollModel(directory: string, config: RollModelConfig, weights: NamedArrays): Promise<void> {
  await mkdir(directory, { recursive: true });
  const tensors = new Map([...weights].map(([name, { shape, data }]) => [name, storeFloats(data, shape)]));
  await writeSafetensors(join(directory, 'model.safetensors'), tensors, { format: 'pt', model: 'sostenuto roll predictor' });
  await writeFile(join(directory, 'config.json'), `${JSON.stringify(config, undefined, 2)}\n`);
}

/** Throws `MODEL_INVALID` and `CHECKPOINT_MISMATCH`. */
export async function readRollModel(directory: string): Promise<{ config: RollModelConfig; weights: NamedArrays }> {
  const where = join(directory, 'config.json');
  const config: RollModelConfig = JSON.parse(await readFile(where, 'utf8'));
  if (config.format !== 1 || config.kind !== 'roll-predictor') {
    throw new SostenutoError({
      code: 'MODEL_INVALID',
      what: 'This folder holds no roll predictor.',
      where,
      found: `kind ${config.kind}, format ${config.format}`,
      expected: 'kind roll-predictor, format 1',
    });
  }
  const file = join(directory, 'model.safetensors');
  const { tensors } = await readFloats(file);
  checkNames(tensors, rollPredictorShapes(config.predictor), file);
  return { config, weights: tensors };
}
