import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SostenutoError } from '../../errors/problem.ts';
import type { EncodecConfig } from '../encoders/encodec/index.ts';
import { writeSafetensors } from '../tensor/safetensors.ts';
import type { CodecRecipe } from './config.ts';
import type { MeanFigures } from './evaluate.ts';
import { publishedTensors } from './parameters.ts';

/** Where a codec comes from and what it can do; lies beside its weights. */
export interface CodecManifest {
  readonly format: 1;
  readonly name: string;
  /** Steps that were trained. */
  readonly steps: number;
  readonly recipe: CodecRecipe;
  readonly data: {
    readonly pieces: number;
    readonly sounds: number;
    readonly seconds: number;
    readonly pianoShare: number;
    readonly split: 'train';
  };
  /** On clips of the test split. */
  readonly figures: { readonly piano: MeanFigures; readonly sound: MeanFigures; readonly latentDeviation: number };
  readonly backend: { readonly name: string; readonly version: string; readonly threads: number };
  /** sha256 of `model.safetensors`. */
  readonly digest: string;
}

/** Reads `manifest.json` of a codec's folder and checks that the weights are the ones it speaks of. Throws `CODEC_DIGEST`. */
export async function readManifest(folder: string): Promise<CodecManifest> {
  const manifest: CodecManifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
  const found = await digestOf(join(folder, 'model.safetensors'));
  if (found !== manifest.digest) {
    const problem = {
      code: 'CODEC_DIGEST',
      what: 'The weights of the codec are not those of its manifest.',
      where: folder,
      found,
      expected: manifest.digest,
    };
    throw new SostenutoError({ ...problem, hint: 'fetch the folder again (with Git LFS or a fresh clone), or train the codec' });
  }
  return manifest;
}

const digestOf = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** Folder of the weights that come with the project. */
export const SHIPPED_CODEC = join(dirname(fileURLToPath(import.meta.url)), 'weights');

/** Writes `model.safetensors` (half precision, published names), `config.json` and `manifest.json`. */
export async function publishCodec(
  folder: string,
  config: EncodecConfig,
  values: Float32Array,
  manifest: Omit<CodecManifest, 'format' | 'digest'>,
): Promise<CodecManifest> {
  await mkdir(folder, { recursive: true });
  const model = join(folder, 'model.safetensors');
  await writeSafetensors(model, publishedTensors(config, values, 'F16'), { format: 'pt' });
  await writeFile(
    join(folder, 'config.json'),
    `${JSON.stringify({ architectures: ['EncodecModel'], model_type: 'encodec', ...config }, null, 2)}\n`,
  );
  const whole: CodecManifest = {
    format: 1,
    ...manifest,
    digest: await digestOf(model),
  };
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(whole, null, 2)}\n`);
  return whole;
}
