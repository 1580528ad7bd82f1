import { join } from 'node:path';
import { SostenutoError } from '../../../errors/problem.ts';
import { readFloats, type StoredTensor } from '../../tensor/safetensors.ts';
import { type Layout, readFields, tensorFiles } from '../folder.ts';
import { type EncodecConfig, parseEncodecConfig } from './config.ts';
import { encodecShapes } from './layout.ts';

export type StoredWeights = ReadonlyMap<string, StoredTensor<Float32Array>>;

/** Configuration and tensors of a folder, without its quantiser's. Throws `ENCODER_CONFIG` if it is no Encodec, `ENCODEC_CONFIG`. */
export function readEncodec(folder: string): { readonly config: EncodecConfig; readonly layout: Layout } {
  const path = join(folder, 'config.json');
  const fields = readFields(path);
  fields.word('model_type', ['encodec'], 'encodec');
  const config = parseEncodecConfig(fields.all, path);
  return { config, layout: { shapes: encodecShapes(config), own: /^(?:en|de)coder\./, alias: parametrized } };
}

/** Reads configuration and weights of a folder; the quantiser's tensors are left out. Throws `ENCODEC_CONFIG`, `ENCODEC_WEIGHTS`, `SAFETENSORS_INVALID`. */
export async function readEncodecFolder(folder: string): Promise<{ config: EncodecConfig; weights: StoredWeights }> {
  const { config } = readEncodec(folder);
  const tensors = new Map<string, StoredTensor<Float32Array>>();
  for (const file of tensorFiles(folder)) for (const [name, tensor] of (await readFloats(file)).tensors) tensors.set(name, tensor);
  return { config, weights: selectWeights(config, tensors, folder) };
}

/** The tensors of the encoder and decoder in their published names, from either spelling of weight norm; all missing or misshapen ones are named. */
export function selectWeights(config: EncodecConfig, tensors: StoredWeights, where: string): StoredWeights {
  const selected = new Map<string, StoredTensor<Float32Array>>();
  const problems = [];
  for (const [name, shape] of encodecShapes(config)) {
    const tensor = tensors.get(name) ?? tensors.get(parametrized(name));
    const found = tensor ? `[${tensor.shape}]` : 'nothing';
    if (tensor && found === `[${shape}]`) selected.set(name, tensor);
    else
      problems.push({
        code: 'ENCODEC_WEIGHTS',
        what: 'A tensor of the Encodec weights does not fit the configuration.',
        where: `${where}, ${name}`,
        found,
        expected: `[${shape}]`,
      });
  }
  if (problems.length > 0) throw new SostenutoError(problems);
  return selected;
}

/** Newer torch saves weight norm as a parametrization. */
const parametrized = (name: string): string =>
  name.replace(/\.weight_g$/, '.parametrizations.weight.original0').replace(/\.weight_v$/, '.parametrizations.weight.original1');
