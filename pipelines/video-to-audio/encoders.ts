import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import {
  checkPreparation,
  describeEncoder,
  type EncoderRole,
  encoderFiles,
  type FeatureRole,
  usesWeights,
} from '../../models/encoders/describe.ts';
import { checkWeights } from '../../models/encoders/folder.ts';
import { LATENT_RATE, SAMPLE_RATE } from './rates.ts';
import type { Settings } from './settings.ts';

/** Tiles in a row of the pictures that the stand-in for CLIP sees. */
export const CELLS = 8;
/** Tokens of a caption that a text network reads. */
const TOKENS = 77;

/** Widths of what needs no weights from elsewhere. */
export const BUILT_IN = { text: { 'hashed-words': 64 }, image: { 'colour-grid': CELLS * CELLS * 3 }, codec: { sostenuto: 32 } } as const;

/** Encoders by the name of their folder below `<home>/weights`, where `sostenuto weights fetch` puts them; the largest of each kind is the paper's. */
export const PUBLISHED = {
  text: {
    'flan-t5-small': { repository: 'google/flan-t5-small', width: 512, licence: 'Apache-2.0' },
    'flan-t5-base': { repository: 'google/flan-t5-base', width: 768, licence: 'Apache-2.0' },
    'flan-t5-large': { repository: 'google/flan-t5-large', width: 1024, licence: 'Apache-2.0' },
  },
  image: { 'clip-vit-bigg-14': { repository: 'laion/CLIP-ViT-bigG-14-laion2B-39B-b160k', width: 1280, licence: 'MIT' } },
  codec: { 'encodec-24khz': { repository: 'facebook/encodec_24khz', width: 128, licence: 'not stated; its code is MIT' } },
} as const;

export interface Published {
  readonly repository: string;
  readonly width: number;
  readonly licence: string;
}
/** What a setting of `encoders` stands for. */
export type WantedEncoder =
  | { readonly from: 'built-in'; readonly width: number }
  | { readonly from: 'folder'; readonly folder: string; readonly published?: Published };

const lookUp = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** `value` has passed the settings' check. */
export function wantedEncoder(role: FeatureRole, value: string): WantedEncoder {
  const width = lookUp<number>(BUILT_IN[role], value);
  if (width !== undefined) return { from: 'built-in', width };
  const published = lookUp<Published>(PUBLISHED[role], value);
  return { from: 'folder', folder: isAbsolute(value) ? value : join(weightsFolder(), value), ...(published && { published }) };
}

/** The command says where it is: a pipeline knows no home. */
export const weightsFolder = (): string => process.env['SOSTENUTO_WEIGHTS'] ?? join('.sostenuto', 'weights');

export const isThere = (folder: string): boolean => statSync(join(folder, 'config.json'), { throwIfNoEntry: false })?.isFile() === true;

export const encoderMissing = (role: EncoderRole, folder: string) =>
  new SostenutoError({
    code: 'ENCODER_MISSING',
    what: `The weights of the encoder for ${role} are not there.`,
    where: folder,
    found: 'no config.json',
    expected: 'a folder in the layout of Hugging Face: config.json, model.safetensors and what prepares its input',
    hint: '`sostenuto weights list` says what is needed and `sostenuto weights fetch` brings it; or name another folder by --set encoders.…',
  });

/** Checks that a folder's configuration, weights (by their headers; ONNX files are opened by who takes them in) and preparation fit the pipeline. Throws as its parts. */
export async function checkEncoder(folder: string, role: EncoderRole): Promise<void> {
  const { layout } = describeEncoder(folder, role);
  if (usesWeights(folder, role)) await checkWeights(folder, layout);
  checkPreparation(folder, role, { samples: SAMPLE_RATE, latents: LATENT_RATE });
}

/** Width of what an encoder gives, by its folder's configuration; of a published one that is not there, as it is known. Throws `ENCODER_MISSING`, `ENCODER_CONFIG`. */
function widthOf(role: FeatureRole, value: string): number {
  const wanted = wantedEncoder(role, value);
  if (wanted.from === 'built-in') return wanted.width;
  if (!isThere(wanted.folder)) {
    if (wanted.published) return wanted.published.width;
    throw encoderMissing(role, wanted.folder);
  }
  return describeEncoder(wanted.folder, role).width;
}

/** Widths that the networks of a run are built for. */
export const widthsOf = ({ encoders: { text, image, codec } }: Settings) => ({
  text: widthOf('text', text),
  video: widthOf('image', image),
  latents: widthOf('codec', codec),
});

/** Tokens of a caption, at most. */
export const tokensOf = ({ encoders }: Pick<Settings, 'encoders'>): number => encoders.tokens ?? TOKENS;

/** Params of the node that takes an encoder in. `state` notices another file without reading it; what was read decides. */
export interface EncoderParams {
  readonly role: EncoderRole;
  readonly folder: string;
  readonly state: string;
}

export function encoderParams(role: EncoderRole, folder: string): EncoderParams {
  const files = isThere(folder) ? encoderFiles(folder, role) : [];
  const state = files.map((name) => {
    const { size, mtimeMs } = statSync(join(folder, name));
    return `${name} ${size} ${Math.round(mtimeMs)}`;
  });
  return { role, folder, state: state.join('; ') };
}
