import type { Element, Mapped } from '../../engine/define/pipeline.ts';
import { type Artifact, file, json, tree, type } from '../../engine/define/ports.ts';
import { defineTask } from '../../engine/define/task.ts';
import type { Measure } from '../measure.ts';
import type { EncoderParams } from '../video-to-audio/encoders.ts';
import type { MeasureName, NotComputed } from './measured.ts';
import type { ReportedTableId } from './reported.ts';
import type { Protocol, Settings } from './settings.ts';
import type { Source } from './sources.ts';

const code = (path: string, name: string) => ({ url: new URL(path, import.meta.url).href, export: name });

/** A system's sounds in the store. */
export interface System extends Element {
  readonly sounds: Artifact;
}
/** An original that systems are compared with. */
export interface Original {
  readonly id: string;
  /** Of the stretch that counts. */
  readonly seconds: number;
  readonly caption?: string;
  readonly hasNotes: boolean;
  readonly hasFilm: boolean;
}
/** A clip, or a part of it, that cannot be used. */
export interface LeftOut {
  readonly id: string;
  readonly reason: string;
}
/** What stands in `originals.json`. */
export interface Originals {
  readonly clips: readonly Original[];
  readonly leftOut: readonly LeftOut[];
}
/** What was made of one sound before it was judged. */
export interface HeardClip {
  readonly id: string;
  /** As it was given. */
  readonly sampleRate: number;
  readonly channels: number;
  readonly seconds: number;
  /** Quieter than −60 dB below full scale throughout. */
  readonly silent: boolean;
  /** Seconds of silence added at the end to be as long as its original. */
  readonly padded: number;
}
/** What stands in `heard.json`. */
export interface Heard {
  readonly system: string;
  readonly clips: readonly HeardClip[];
  readonly leftOut: readonly LeftOut[];
  /** Originals without a sound, and sounds without an original. */
  readonly missing: readonly string[];
  readonly unknown: readonly string[];
  readonly notComputed: readonly NotComputed[];
}
/** A system's figures. */
export interface Judged {
  readonly system: string;
  readonly clips: readonly { readonly id: string; readonly scores: Readonly<Partial<Record<MeasureName, number>>> }[];
  readonly set: Readonly<Partial<Record<MeasureName, SetFigure>>>;
  readonly notComputed: readonly NotComputed[];
}
export interface SetFigure {
  readonly value: number;
  /** Of the inception score over its parts. */
  readonly deviation?: number;
  /** Rows, or clips, that it was made of. */
  readonly rows: number;
  readonly warning?: string;
}
/** Networks that hear sounds. */
export type HearingNetwork = Exclude<keyof Settings['networks'], 'clip'>;
/** What is given as one file. */
export type NetworkFiles = Readonly<Partial<Record<HearingNetwork, { readonly path: string; readonly stamp: string }>>>;
/** A file of a network that judged: part of the record of the protocol. */
export interface NetworkIdentity {
  /** `<network>.<ending>`, or `<network>/<file>` */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

const sounds = tree('sounds-to-judge');
const heard = tree('heard-sounds');
const originals = tree('originals');
const networks = tree('networks');

/** Takes the networks that judge into the store: those that see or read originals, and those that hear sounds. */
export const importNetworks = defineTask({
  name: 'importNetworks',
  inputs: {},
  outputs: { describing: networks, listening: networks, identities: json<readonly NetworkIdentity[]>() },
  params: type<{ files: NetworkFiles; clip?: EncoderParams; clap?: EncoderParams }>(),
  timeout: '1 day',
  implementation: code('./prepare/import-networks.ts', 'importNetworks'),
});

/** Takes the originals into the store. */
export const importReferences = defineTask({
  name: 'importReferences',
  inputs: {},
  outputs: { references: sounds },
  params: type<{ source: Source }>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./prepare/import-sounds.ts', 'importReferences'),
});

/** The same of what models were sampled for. */
export const takeReferences = defineTask({
  name: 'takeReferences',
  inputs: { references: tree('references') },
  outputs: { references: sounds },
  queue: 'cpu',
  implementation: code('./prepare/import-sounds.ts', 'takeReferences'),
});

/** Puts what a model was sampled to behind the other systems. */
export const addSampled = defineTask({
  name: 'addSampled',
  inputs: { systems: json<readonly System[]>(), generated: tree('generated-clips') },
  outputs: { systems: json<readonly System[]>() },
  params: type<{ id: string }>(),
  queue: 'cpu',
  implementation: code('./prepare/import-sounds.ts', 'addSampled'),
});

/** Takes the sounds of every system into the store. */
export const importSystems = defineTask({
  name: 'importSystems',
  inputs: {},
  outputs: { systems: json<readonly System[]>() },
  params: type<{ systems: readonly { readonly id: string; readonly source: Source }[] }>(),
  queue: 'cpu',
  runs: 'process',
  implementation: code('./prepare/import-sounds.ts', 'importSystems'),
});

/** Reads what the originals bring along: length, notes (shard `truth`), motion (shards `flow`, `difference`), captions; with CLIP what it sees in the films (shard `clip`), with CLAP the captions’ embeddings (shard `captions`); `originals.json`. */
export const describeOriginals = defineTask({
  name: 'describeOriginals',
  inputs: { references: sounds, networks },
  outputs: { originals },
  params: type<{ protocol: Protocol }>(),
  queue: 'cpu',
  runs: 'process',
  timeout: '7 days',
  implementation: code('./prepare/describe-originals.ts', 'describeOriginals'),
});

const hearing = type<{ protocol: Protocol; codec: string; transcribe: boolean }>();

/** Hears the originals themselves. */
export const hearOriginals = defineTask({
  name: 'hearOriginals',
  inputs: { references: sounds, originals, networks },
  outputs: { heard },
  params: hearing,
  queue: 'cpu',
  runs: 'process',
  timeout: '7 days',
  implementation: code('./evaluate/hear.ts', 'hearOriginals'),
});

/** Prepares a system's sounds, runs the networks over them and lays out what they give: sounds/, shards by network, `heard.json`. */
export const hearSystem = defineTask({
  name: 'hearSystem',
  inputs: { originals, networks },
  outputs: { heard },
  params: hearing,
  item: type<System>(),
  queue: 'cpu',
  runs: 'process',
  timeout: '7 days',
  implementation: code('./evaluate/hear.ts', 'hearSystem'),
});

/** Scores a system clip by clip and as a set; clips' scores also go into the ledger. */
export const judgeSystem = defineTask({
  name: 'judgeSystem',
  inputs: { originals, reference: heard },
  outputs: { judged: json<Judged>() },
  params: type<{ protocol: Protocol }>(),
  item: type<Mapped>(),
  queue: 'cpu',
  runs: 'process',
  timeout: '1 day',
  implementation: code('./evaluate/judge-system.ts', 'judgeSystem'),
});

/** A listening test, as it was given. */
export const importRatings = defineTask({
  name: 'importRatings',
  inputs: {},
  outputs: { ratings: file('ratings') },
  params: type<{ path: string; stamp: string }>(),
  implementation: code('./prepare/import-ratings.ts', 'importRatings'),
});

const comparing = {
  inputs: {
    originals,
    networks: json<readonly NetworkIdentity[]>(),
    reference: heard,
    heard: json<readonly Mapped[]>(),
    judged: json<readonly Mapped[]>(),
  },
  outputs: { measures: json<readonly Measure[]>(), exhibits: tree('exhibits'), quarantined: json<readonly LeftOut[]>() },
  params: type<{
    protocol: Protocol;
    baseline?: string;
    reported: readonly ReportedTableId[];
    seed: number;
    resamples: number;
    shown: number;
  }>(),
  queue: 'cpu',
  runs: 'process',
} as const;

/** Sets the systems side by side, and beside what the paper reports. */
export const compareSystems = defineTask({
  ...comparing,
  name: 'compareSystems',
  implementation: code('./evaluate/compare-systems.ts', 'compareSystems'),
});

/** The same with a listening test. */
export const compareRatedSystems = defineTask({
  ...comparing,
  name: 'compareRatedSystems',
  inputs: { ...comparing.inputs, ratings: file('ratings') },
  implementation: code('./evaluate/compare-systems.ts', 'compareRatedSystems'),
});
