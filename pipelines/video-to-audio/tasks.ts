import type { Box } from '../../datasets/sources/source.ts';
import type { View } from '../../datasets/synthetic/keyboard-video.ts';
import type { Mapped, Quarantined } from '../../engine/define/pipeline.ts';
import type { Artifact } from '../../engine/define/ports.ts';
import { file, json, tree, type } from '../../engine/define/ports.ts';
import { defineTask } from '../../engine/define/task.ts';
import type { EncoderParams } from './encoders.ts';
import type { TestChoice } from './prepare/choose-tested.ts';
import type { SourceSetting } from './source-settings.ts';

/** A clip as it lies in the store: media by content, so that an edited file changes only its shard. */
export interface Clip {
  readonly id: string;
  readonly set: SetName;
  readonly split: 'train' | 'validation' | 'test';
  readonly caption: string;
  /** Sound, or video with sound. */
  readonly media: Artifact;
  /** The sound, if it is kept apart from `media`. */
  readonly audio?: Artifact;
  readonly midi?: Artifact;
  /** Camera views by name, of piano clips. */
  readonly views?: Readonly<Record<string, Artifact>>;
  /** Where the clip begins in its files, and how long it is, if it is not all of them. */
  readonly start?: number;
  readonly seconds?: number;
  /** The keyboard in the picture. */
  readonly crop?: Box;
  readonly label?: string;
  /** Clips of one piece by different pianists are compared with each other. */
  readonly piece?: string;
  readonly pianist?: string;
}
export type SetName = 'sounds' | 'events' | 'piano';
/** A bucket of clips, chosen by the clip's id alone. */
export interface Shard {
  readonly id: string;
  readonly clips: readonly Clip[];
}
/** Mean and deviation of every latent channel over the training clips. */
export interface LatentStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly frames: number;
}
const code = (path: string, name: string) => ({ url: new URL(path, import.meta.url).href, export: name });

/** What decodes and encodes media: whatever they make depends on it. */
export interface MediaToolVersions {
  /** Version and libraries, as ffmpeg prints them. */
  readonly ffmpeg: readonly string[];
}
const tools = json<MediaToolVersions>();
/** Clips that were set apart, with their reasons. */
const unreadable = json<readonly Quarantined[]>();

/** Asks ffmpeg for its version; `binary` says which file it is, so that another one is asked anew. */
export const identifyMediaTools = defineTask({
  name: 'identifyMediaTools',
  inputs: {},
  outputs: { tools },
  params: type<{ binary: string }>(),
  implementation: code('./prepare/identify-media-tools.ts', 'identifyMediaTools'),
});

/** Makes one of the synthetic sets as real files: mp4 or wav, MIDI, manifest. */
export const synthesizeSet = defineTask({
  name: 'synthesizeSet',
  inputs: { tools },
  outputs: { files: tree('clip-set') },
  params: type<{
    set: SetName;
    count: number;
    seed: number;
    views: readonly View[];
    clipSeconds?: number;
    pieceSeconds?: readonly [number, number];
    licence: string;
  }>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./prepare/synthesize-set.ts', 'synthesizeSet'),
});

/** Reads the manifests, refuses what is unsafe, and sorts the clips into shards. */
export const ingest = defineTask({
  name: 'ingest',
  inputs: { sounds: tree('clip-set'), events: tree('clip-set'), piano: tree('clip-set') },
  outputs: { shards: json<readonly Shard[]>(), refused: json<readonly Quarantined[]>() },
  params: type<{ shards: number; maxFailures: number }>(),
  implementation: code('./prepare/ingest.ts', 'ingest'),
});

/** Reads sets on disk in their place. `state` says when one of their files has changed; with `test` only what is tested on is taken. */
export const ingestSources = defineTask({
  name: 'ingestSources',
  inputs: {},
  outputs: { shards: json<readonly Shard[]>(), refused: json<readonly Quarantined[]>() },
  params: type<{
    sources: readonly (SourceSetting & { readonly state: string })[];
    shards: number;
    maxFailures: number;
    test?: TestChoice;
  }>(),
  timeout: '1 day',
  implementation: code('./prepare/ingest-sources.ts', 'ingestSources'),
});

/** Decodes a shard's clips with ffmpeg: 24 kHz mono sound and small frames, as one Arrow file. */
export const extractMedia = defineTask({
  name: 'extractMedia',
  inputs: { tools },
  outputs: { media: tree('media-shard'), unreadable },
  params: type<{ framesPerSecond: number; frameSize: number; maxFailures: number }>(),
  item: type<Shard>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./prepare/extract-media.ts', 'extractMedia'),
});

/**
 * Mixes captioned sounds of the training split in pairs, and gives all clips with the mixtures as a shard of their own; without their camera
 * views, so that what never looks at the keys is found again when other views are filmed.
 */
export const mixTrainingSounds = defineTask({
  name: 'mixTrainingSounds',
  inputs: { shards: json<readonly Shard[]>(), media: json<readonly Mapped[]>() },
  outputs: { shards: json<readonly Shard[]>(), media: json<readonly Mapped[]>() },
  params: type<{ count: number; seed: number }>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./prepare/mix-training-sounds.ts', 'mixTrainingSounds'),
});

/** Brings the shipped codec into the store. */
export const importCodec = defineTask({
  name: 'importCodec',
  inputs: {},
  outputs: { codec: tree('codec') },
  params: type<{ digest: string }>(),
  implementation: code('./prepare/import-codec.ts', 'importCodec'),
});

/** Checks an encoder's folder and brings it into the store. */
const importEncoder = <Kind extends string>(name: string, kind: Kind) =>
  defineTask({
    name,
    inputs: {},
    outputs: { encoder: tree(kind) },
    params: type<EncoderParams>(),
    timeout: '1 day',
    implementation: code('./prepare/import-encoder.ts', 'importEncoder'),
  });
export const importTextEncoder = importEncoder('importTextEncoder', 'text-encoder');
export const importImageEncoder = importEncoder('importImageEncoder', 'image-encoder');
export const importCodecFolder = importEncoder('importCodecFolder', 'codec');

/** Codec latents [frames, channels] at 75 Hz of every clip of a shard. */
export const encodeAudio = defineTask({
  name: 'encodeAudio',
  inputs: { codec: tree('codec') },
  outputs: { latents: tree('latent-shard') },
  params: type<{ scalar: 'f32' | 'f16' }>(),
  item: type<Mapped>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./prepare/encode-audio.ts', 'encodeAudio'),
});

/** Mean colours of the small pictures of every clip of a shard, a row a picture. */
export const embedFrames = defineTask({
  name: 'embedFrames',
  inputs: {},
  outputs: { video: tree('video-shard') },
  params: type<{ cells: number }>(),
  item: type<Mapped>(),
  queue: 'cpu',
  implementation: code('./prepare/embed-frames.ts', 'embedFrames'),
});

/** Features of the pictures of every clip of a shard by an image network, a row a picture. */
export const encodeFrames = defineTask({
  name: 'encodeFrames',
  inputs: { tools, encoder: tree('image-encoder') },
  outputs: { video: tree('video-shard') },
  item: type<Shard>(),
  queue: 'cpu',
  runs: 'process',
  timeout: '1 day',
  implementation: code('./prepare/encode-frames.ts', 'encodeFrames'),
});

/** Grey pictures of the keys, 25 a second, of the piano clips of a shard. */
export const filmKeys = defineTask({
  name: 'filmKeys',
  inputs: { tools },
  outputs: { pictures: tree('picture-shard'), unreadable },
  params: type<{ views: readonly string[]; height: number; width: number; maxFailures: number }>(),
  item: type<Shard>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./prepare/film-keys.ts', 'filmKeys'),
});

/** Caption states [tokens, dimension] of every clip of a shard. */
export const embedText = defineTask({
  name: 'embedText',
  inputs: {},
  outputs: { text: tree('text-shard') },
  params: type<{ dimension: number; tokens: number }>(),
  item: type<Shard>(),
  queue: 'cpu',
  implementation: code('./prepare/embed-text.ts', 'embedText'),
});

/** The same by a text network. */
export const encodeText = defineTask({
  name: 'encodeText',
  inputs: { encoder: tree('text-encoder') },
  outputs: { text: tree('text-shard') },
  params: type<{ tokens: number }>(),
  item: type<Shard>(),
  queue: 'cpu',
  runs: 'process',
  timeout: '1 day',
  implementation: code('./prepare/encode-text.ts', 'encodeText'),
});

/** Piano rolls at 75 Hz (velocity and sustain) of the clips that have MIDI. */
export const rollShard = defineTask({
  name: 'rollShard',
  inputs: {},
  outputs: { rolls: tree('roll-shard'), unreadable },
  params: type<{ maxFailures: number }>(),
  item: type<Shard>(),
  queue: 'cpu',
  implementation: code('./prepare/roll-shard.ts', 'rollShard'),
});

/** A row a clip and a row a feature of a clip, over all shards, as Parquet; and everything that was set apart on the way, with its reason. */
export const catalogue = defineTask({
  name: 'catalogue',
  inputs: {
    shards: json<readonly Shard[]>(),
    refused: json<readonly Quarantined[]>(),
    unreadable: json<readonly Mapped[]>(),
    unreadableMidi: json<readonly Mapped[]>(),
    unreadableViews: json<readonly Mapped[]>(),
    media: json<readonly Mapped[]>(),
    latents: json<readonly Mapped[]>(),
    text: json<readonly Mapped[]>(),
    video: json<readonly Mapped[]>(),
    rolls: json<readonly Mapped[]>(),
    pictures: json<readonly Mapped[]>(),
  },
  outputs: { clips: file('parquet'), features: file('parquet'), quarantined: json<readonly Quarantined[]>() },
  implementation: code('./prepare/catalogue.ts', 'catalogue'),
});

/** Streaming mean and deviation (Welford, float64) of the training latents, by channel. */
export const measureLatents = defineTask({
  name: 'measureLatents',
  inputs: { shards: json<readonly Shard[]>(), latents: json<readonly Mapped[]>() },
  outputs: { statistics: json<LatentStatistics>() },
  queue: 'cpu',
  implementation: code('./prepare/measure-latents.ts', 'measureLatents'),
});
