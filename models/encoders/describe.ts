import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import { readClapAudio } from './clap/audio.ts';
import { readClapExtractor } from './clap/features.ts';
import { readClapText } from './clap/text.ts';
import { readClipProcessor } from './clip/processor.ts';
import { readClipText } from './clip/text.ts';
import { readClipVision } from './clip/vision.ts';
import { framesPerSecond, readEncodec } from './encodec/index.ts';
import { type Layout, readFields } from './folder.ts';
import { type OnnxPart, onnxFiles } from './onnx/files.ts';
import { BYTE_PAIR_FILES, hasBytePairs } from './roberta-tokenizer.ts';
import { readT5 } from './t5/t5.ts';
import { readTokenizer } from './tokenizer.ts';
import { INDEX, WHOLE, weightFiles } from './weight-files.ts';

/** What an encoder makes features of in a run. */
export type FeatureRole = 'text' | 'image' | 'codec';
/** What an encoder is wanted for; `sound and caption`: both in one space, as CLAP does. */
export type EncoderRole = FeatureRole | 'sound and caption';

/** An encoder's folder in the layout of Hugging Face, by its configuration. */
export interface EncoderFolder {
  readonly model: 't5' | 'clip-text' | 'clip-vision' | 'encodec' | 'clap';
  /** Values of a token, a picture, a latent frame or a sound. */
  readonly width: number;
  readonly layout: Layout;
}

/** Reads what a folder's configuration says. Throws `ENCODER_CONFIG` if its model cannot do this. */
export function describeEncoder(folder: string, role: EncoderRole): EncoderFolder {
  if (role === 'codec') {
    const { config, layout } = readEncodec(folder);
    return { model: 'encodec', width: config.hidden_size, layout };
  }
  if (role === 'sound and caption') return describeClap(folder);
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

function describeClap(folder: string): EncoderFolder {
  const [audio, text] = [readClapAudio(folder), readClapText(folder)];
  const shapes = new Map([...audio.layout.shapes, ...text.layout.shapes]);
  return {
    model: 'clap',
    width: audio.projection,
    layout: { shapes, own: new RegExp(`${audio.layout.own.source}|${text.layout.own.source}`) },
  };
}

const TOKENIZER = ['tokenizer.json', 'tokenizer_config.json'];
/** Files beside weights and configuration: what prepares the input. */
const BESIDE: Readonly<Record<EncoderRole, readonly string[]>> = {
  text: TOKENIZER,
  image: ['preprocessor_config.json'],
  codec: [],
  'sound and caption': ['preprocessor_config.json', ...TOKENIZER],
};

/** Parts whose ONNX files are run in place of weights, each for itself. */
const PARTS: Readonly<Record<EncoderRole, readonly OnnxPart[]>> = {
  text: ['text'],
  image: ['image'],
  codec: ['codec encoder', 'codec decoder'],
  'sound and caption': ['sound', 'caption'],
};
export const onnxParts = (role: EncoderRole): readonly OnnxPart[] => PARTS[role];
const onnxOf = (folder: string, role: EncoderRole): string[] => PARTS[role].flatMap((part) => onnxFiles(folder, part));

/** Whether the weights are run: some part has no ONNX file. */
export const usesWeights = (folder: string, role: EncoderRole): boolean => PARTS[role].some((part) => onnxFiles(folder, part).length === 0);

/** Whether captions are read by the two files that RoBERTa's tokenizer had before `tokenizer.json`. */
const isByBytePairs = (folder: string, role: EncoderRole): boolean =>
  role === 'sound and caption' && !existsSync(join(folder, 'tokenizer.json')) && hasBytePairs(folder);

/** Names of the files whose bytes decide what the encoder gives. Throws `ENCODER_WEIGHTS` if the weights are not all there. */
export function encoderFiles(folder: string, role: EncoderRole): string[] {
  const ofTokenizer = isByBytePairs(folder, role) ? BYTE_PAIR_FILES : [];
  const beside = [...BESIDE[role].filter((name) => existsSync(join(folder, name))), ...ofTokenizer];
  return ['config.json', ...beside, ...onnxOf(folder, role), ...(usesWeights(folder, role) ? weightFiles(folder) : [])];
}

/** Names of the files that an encoder has as it is published, without those that are in a folder; of its weights, where they are kept whole. */
export function encoderFilesWanted(role: EncoderRole, folder?: string): string[] {
  const published = ['config.json', ...BESIDE[role], WHOLE];
  if (folder === undefined) return published;
  const isInOtherFiles = existsSync(join(folder, INDEX)) || !usesWeights(folder, role);
  const isInstead = (name: string) => (name === WHOLE ? isInOtherFiles : TOKENIZER.includes(name) && isByBytePairs(folder, role));
  return published.filter((name) => !existsSync(join(folder, name)) && !isInstead(name));
}

/** Checks that the parts of this folder fit together, without loading its weights. Throws `ENCODER_CONFIG`, `TOKENIZER_INVALID`, as `checkWeights`. */
export function checkPreparation(folder: string, role: EncoderRole, rates: { readonly samples: number; readonly latents: number }): void {
  if (role === 'text') readTokenizer(folder);
  else if (role === 'sound and caption') checkClap(folder);
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

function checkClap(folder: string): void {
  readTokenizer(folder);
  const { isFused, bands, side, projection } = readClapAudio(folder);
  const { truncation, bands: found, samples, hop } = readClapExtractor(folder);
  const path = join(folder, 'preprocessor_config.json');
  if (found !== bands) throw refusal(`${path}, feature_size`, `${found}`, `${bands}, the num_mel_bins of config.json`);
  if ((truncation === 'fusion') !== isFused)
    throw refusal(`${path}, truncation`, truncation, isFused ? 'fusion, as enable_fusion says' : 'rand_trunc');
  const [frames, most] = [Math.floor(samples / hop) + 1, (side * side) / bands];
  if (frames > most) throw refusal(`${path}, max_length_s`, `${frames} frames`, `at most ${most}, as spec_size says`);
  const { projection: own } = readClapText(folder);
  if (own !== projection) throw refusal(join(folder, 'config.json'), `captions of ${own} values, sounds of ${projection}`, 'one space');
}

const refusal = (where: string, found: string, expected: string) =>
  new SostenutoError({ code: 'ENCODER_CONFIG', what: 'This encoder does not fit the pipeline.', where, found, expected });
