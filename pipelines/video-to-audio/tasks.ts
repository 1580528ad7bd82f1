import type { Mapped, Quarantined } from '../../engine/define/pipeline.ts';
import type { Artifact } from '../../engine/define/ports.ts';
import { file, json, tree, type } from '../../engine/define/ports.ts';
import { defineTask } from '../../engine/define/task.ts';
import type { Measure } from '../measure.ts';
import type { NetworkSettings, Settings, TrainingSettings } from './settings.ts';

/** A clip as it lies in the store: media by content, so that an edited file changes only its shard. */
export interface Clip {
  readonly id: string;
  readonly set: SetName;
  readonly split: 'train' | 'validation' | 'test';
  readonly caption: string;
  /** Sound, or video with sound. */
  readonly media: Artifact;
  readonly midi?: Artifact;
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

/** Makes one of the synthetic sets as real files: mp4 or wav, MIDI, manifest. */
export const synthesizeSet = defineTask({
  name: 'synthesizeSet',
  inputs: {},
  outputs: { files: tree('clip-set') },
  params: type<{ set: SetName; count: number; clipSeconds: number; seed: number }>(),
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

/** Decodes a shard's clips with ffmpeg: 24 kHz mono sound and small frames, as one Arrow file. */
export const extractMedia = defineTask({
  name: 'extractMedia',
  inputs: {},
  outputs: { media: tree('media-shard'), unreadable: json<readonly Quarantined[]>() },
  params: type<{ framesPerSecond: number; frameSize: number; maxFailures: number }>(),
  item: type<Shard>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./prepare/extract-media.ts', 'extractMedia'),
});

/** Brings the shipped codec into the store. */
export const importCodec = defineTask({
  name: 'importCodec',
  inputs: {},
  outputs: { codec: tree('codec') },
  params: type<{ digest: string }>(),
  implementation: code('./prepare/import-codec.ts', 'importCodec'),
});

/** Codec latents [frames, channels] at 75 Hz of every clip of a shard. */
export const encodeAudio = defineTask({
  name: 'encodeAudio',
  inputs: { codec: tree('codec') },
  outputs: { latents: tree('latent-shard') },
  item: type<Mapped>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./prepare/encode-audio.ts', 'encodeAudio'),
});

/** Caption states [tokens, dimension] of every clip of a shard. */
export const embedText = defineTask({
  name: 'embedText',
  inputs: {},
  outputs: { text: tree('text-shard') },
  params: type<{ encoder: 'hashed-words'; dimension: number; tokens: number }>(),
  item: type<Shard>(),
  queue: 'cpu',
  implementation: code('./prepare/embed-text.ts', 'embedText'),
});

/** Piano rolls at 75 Hz (velocity and sustain) of the clips that have MIDI. */
export const rollShard = defineTask({
  name: 'rollShard',
  inputs: {},
  outputs: { rolls: tree('roll-shard') },
  item: type<Shard>(),
  queue: 'cpu',
  implementation: code('./prepare/roll-shard.ts', 'rollShard'),
});

/** One row a clip, over all shards, as Parquet; and everything that was set apart on the way, with its reason. */
export const catalogue = defineTask({
  name: 'catalogue',
  inputs: {
    shards: json<readonly Shard[]>(),
    refused: json<readonly Quarantined[]>(),
    unreadable: json<readonly Mapped[]>(),
    latents: json<readonly Mapped[]>(),
    rolls: json<readonly Mapped[]>(),
  },
  outputs: { catalogue: file('parquet'), quarantined: json<readonly Quarantined[]>() },
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

/** Stage 1.1: rectified flow from text to audio latents with the Audio-DiT. */
export const trainTextToAudio = defineTask({
  name: 'trainTextToAudio',
  inputs: {
    shards: json<readonly Shard[]>(),
    latents: json<readonly Mapped[]>(),
    text: json<readonly Mapped[]>(),
    statistics: json<LatentStatistics>(),
  },
  outputs: { model: tree('flow-model') },
  params: type<{ seed: number; network: NetworkSettings; training: Omit<TrainingSettings, 'steps' | 'checkpointSteps'>; steps: number }>(),
  endParams: ['steps'],
  queue: 'train',
  runs: 'process',
  timeout: '30 days',
  implementation: code('./train/train-text-to-audio.ts', 'trainTextToAudio'),
});

/** Generates the held-out captions and decodes them to sound. */
export const sampleTextToAudio = defineTask({
  name: 'sampleTextToAudio',
  inputs: {
    model: tree('flow-model'),
    codec: tree('codec'),
    shards: json<readonly Shard[]>(),
    media: json<readonly Mapped[]>(),
    latents: json<readonly Mapped[]>(),
    text: json<readonly Mapped[]>(),
  },
  outputs: { generated: tree('generated-clips') },
  params: type<{ seed: number; sampling: Settings['sampling'] }>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./evaluate/sample-text-to-audio.ts', 'sampleTextToAudio'),
});

/** First measures of generated against original clips, and the sounds side by side. */
export const evaluateTextToAudio = defineTask({
  name: 'evaluateTextToAudio',
  inputs: { generated: tree('generated-clips') },
  outputs: { measures: json<readonly Measure[]>(), exhibits: tree('exhibits') },
  queue: 'cpu',
  runs: 'process',
  implementation: code('./evaluate/evaluate-text-to-audio.ts', 'evaluateTextToAudio'),
});
