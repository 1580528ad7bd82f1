import { readFileSync } from 'node:fs';
import { MIXTURE_WORDS } from '../../datasets/media/mixture.ts';
import type { Builder, Mapped, Ref } from '../../engine/define/pipeline.ts';
import type { JsonPort } from '../../engine/define/ports.ts';
import type { FeatureRole } from '../../models/encoders/describe.ts';
import { BUILT_IN, CELLS, encoderParams, tokensOf, wantedEncoder } from './encoders.ts';
import type { FeatureSettings } from './settings.ts';
import * as prepare from './tasks.ts';

type Shards = Ref<JsonPort<readonly prepare.Shard[]>>;

/** The last save of a shard has all of it so far; those before would only take room. */
export const RESUMED = { operational: { keepCheckpoints: 1 } };

/** Params of the node that takes the folder of an encoder in; nothing for one that is built in. */
function folderOf({ encoders }: FeatureSettings, role: FeatureRole) {
  const wanted = wantedEncoder(role, encoders[role]);
  return wanted.from === 'built-in' ? undefined : { inputs: {}, params: encoderParams(role, wanted.folder) };
}

export function wireCodec({ node }: Builder, settings: FeatureSettings) {
  const given = folderOf(settings, 'codec');
  if (given) return node('codec', prepare.importCodecFolder, given).encoder;
  return node('codec', prepare.importCodec, { inputs: {}, params: { digest: shippedCodecDigest() } }).codec;
}

/** Caption states of all clips. */
export function wireText({ node, each }: Builder, settings: FeatureSettings, shards: Shards) {
  const given = folderOf(settings, 'text');
  if (given) {
    const inputs = node('text-encoder', prepare.importTextEncoder, given);
    return each('text', prepare.encodeText, shards, { inputs, params: { tokens: tokensOf(settings) } }, RESUMED).text;
  }
  const params = { dimension: BUILT_IN.text['hashed-words'], tokens: MIXTURE_WORDS };
  return each('text', prepare.embedText, shards, { inputs: {}, params }).text;
}

/** Features of the pictures: of the small ones that were extracted with the sound, or of the films themselves. */
export function wireFrames(
  { node, each }: Builder,
  settings: FeatureSettings,
  from: {
    readonly tools: Ref<JsonPort<prepare.MediaToolVersions>>;
    readonly shards: Shards;
    readonly media: Ref<JsonPort<readonly Mapped[]>>;
  },
) {
  const given = folderOf(settings, 'image');
  if (given) {
    const { encoder } = node('image-encoder', prepare.importImageEncoder, given);
    return each('frames', prepare.encodeFrames, from.shards, { inputs: { tools: from.tools, encoder }, params: {} }, RESUMED).video;
  }
  return each('frames', prepare.embedFrames, from.media, { inputs: {}, params: { cells: CELLS } }).video;
}

/** Content digest of the shipped codec, from its manifest; it is what enters the key. */
export function shippedCodecDigest(): string {
  const manifest: { digest: string } = JSON.parse(
    readFileSync(new URL('../../models/codec/weights/manifest.json', import.meta.url), 'utf8'),
  );
  return manifest.digest;
}
