import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import { readClipProcessor } from './clip/processor.ts';
import { readClipText } from './clip/text.ts';
import { readClipVision } from './clip/vision.ts';
import { framesPerSecond, readEncodec } from './encodec/index.ts';
import { type Layout, readFields } from './folder.ts';
import { onnxFiles } from './onnx/files.ts';
import { readT5 } from './t5/t5.ts';
import { readTokenizer } from './tokenizer.ts';
import { INDEX, WHOLE, weightFiles } from './weight-files.ts';

/** What an encoder is wanted for. */
export type EncoderRole = 'text' | 'image' | 'codec';

/** An encoder's folder in the layout of Hugging Face, by its configuration. */
export interface EncoderFolder {
  readonly model: 't5' | 'clip-text' | 'clip-vision' | 'encodec';
  /** Values of a token, a picture or a latent frame. */
  readonly width: number;
  readonly layout: Layout;
}

/** Reads what a folder's configuration says. Throws `ENCODER_CONFIG` if its model cannot do this. */
export function describeEncoder(folder: string, role: EncoderRole): EncoderFolder {
  if (role === 'codec') {
    const { config, layout } = readEncodec(folder);
    return { model: 'encodec', width: config.hidden_size, layout };
  }
  if (role === 'image') {
    const { projection, layout } = readClipVision(folder);
    return { model: 'clip-vision', width: projection, layout };
  }
  const config = readFields(join(folder, 'config.json'));
  if (config.word('model_type', ['t5', 'clip', 'clip_text_model']) === 't5') {
    const { width, layout } = readT5(folder);
    return { model: 't5', width, layout };
  }
  const { tower, layout } = readClipText(folder);
  return { model: 'clip-text', width: tower.width, layout };
}

/** Files beside weights and configuration: what prepares the input. */
const BESIDE = { text: ['tokenizer.json', 'tokenizer_config.json'], image: ['preprocessor_config.json'], codec: [] } as const;

/** ONNX files that are run in place of the weights; the codec is small enough for its own graph. */
export const replacements = (folder: string, role: EncoderRole): string[] => (role === 'codec' ? [] : onnxFiles(folder, role));

/** Names of the files whose bytes decide what the encoder gives. Throws `ENCODER_WEIGHTS` if the weights are not all there. */
export function encoderFiles(folder: string, role: EncoderRole): string[] {
  const beside = BESIDE[role].filter((name) => existsSync(join(folder, name)));
  const onnx = replacements(folder, role);
  return ['config.json', ...beside, ...(onnx.length > 0 ? onnx : weightFiles(folder))];
}

/** Names of the files that an encoder has as it is published, without those that are in a folder; of its weights, where they are kept whole. */
export function encoderFilesWanted(role: EncoderRole, folder?: string): string[] {
  const published = ['config.json', ...BESIDE[role], WHOLE];
  if (folder === undefined) return published;
  const isInOtherFiles = existsSync(join(folder, INDEX)) || replacements(folder, role).length > 0;
  return published.filter((name) => !existsSync(join(folder, name)) && !(name === WHOLE && isInOtherFiles));
}

/** Checks that the parts of this folder fit together, without loading its weights. Throws `ENCODER_CONFIG`, `TOKENIZER_INVALID`, as `checkWeights`. */
export function checkPreparation(folder: string, role: EncoderRole, rates: { readonly samples: number; readonly latents: number }): void {
  if (role === 'text') readTokenizer(folder);
  else if (role === 'image') {
    const { crop } = readClipProcessor(folder);
    const { side } = readClipVision(folder);
    if (crop !== side)
      throw refusal(join(folder, 'preprocessor_config.json, crop_size'), `${crop}`, `${side}, the image_size of config.json`);
  } else {
    const { config } = readEncodec(folder);
    if (config.sampling_rate !== rates.samples || framesPerSecond(config) !== rates.latents)
      throw refusal(
        join(folder, 'config.json'),
        `${framesPerSecond(config)} latents a second at ${config.sampling_rate} Hz`,
        `${rates.latents} a second at ${rates.samples} Hz`,
      );
  }
}

const refusal = (where: string, found: string, expected: string) =>
  new SostenutoError({ code: 'ENCODER_CONFIG', what: 'This encoder does not fit the pipeline.', where, found, expected });
