import { join } from 'node:path';
import type { Tensor, Tf } from '../../backend/index.ts';
import { type Fields, readFields } from '../folder.ts';
import { gelu } from '../transformer.ts';

/** The configuration of one tower and the width of its embeddings, from a folder that has this tower alone or both. Throws `ENCODER_CONFIG`. */
export function readClapConfig(folder: string, tower: 'text' | 'audio'): { readonly config: Fields; readonly projection: number } {
  const root = readFields(join(folder, 'config.json'));
  const isWhole = root.word('model_type', ['clap', `clap_${tower}_model`]) === 'clap';
  const config = isWhole ? root.within(`${tower}_config`) : root;
  return { config, projection: root.count('projection_dim', config.count('projection_dim', 512)) };
}

export type Act = 'relu' | 'gelu';
export const actOf = (config: Fields, field: string, otherwise: Act): Act => config.word(field, ['relu', 'gelu'], otherwise);
export const activate = (tf: Tf, act: Act, x: Tensor): Tensor => (act === 'relu' ? tf.relu(x) : gelu(tf, x));

/** Whole numbers, one for each stage. */
export function countsOf(config: Fields, field: string, otherwise: readonly number[]): readonly number[] {
  const value = config.raw(field) ?? otherwise;
  if (Array.isArray(value) && value.length > 0 && value.every((one) => Number.isInteger(one) && one > 0)) return value;
  throw config.refusal(field, 'a list of whole numbers > 0');
}

/** Refuses every other value than the one that is built here, which is also the default. */
export function only(config: Fields, field: string, built: string | number | boolean): void {
  if ((config.raw(field) ?? built) !== built) throw config.refusal(field, JSON.stringify(built));
}
