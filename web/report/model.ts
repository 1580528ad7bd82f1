import type { RunBegin } from '../../engine/history/measured-runs.ts';

/** What a report shows: plain data, so that a report can be made from any source and compared in tests. */
export interface ReportModel {
  readonly run: ReportedRun;
  /** In topological order. */
  readonly nodes: readonly ReportedNode[];
  readonly settings: unknown;
  /** Task name to the code that ran. */
  readonly code: Readonly<Record<string, ReportedCode>>;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly backend?: string;
  readonly curves: readonly Curve[];
  readonly exhibits: readonly Exhibit[];
  readonly measures: readonly ReportedMeasure[];
  readonly data: readonly DataCard[];
  readonly quarantined: readonly { readonly node: string; readonly id: string; readonly reason: string }[];
  readonly links: { readonly temporalUi?: string };
}

export interface ReportedRun extends RunBegin {
  readonly workflowId: string;
  readonly runId: string;
  readonly pipeline: string;
  readonly preset: string;
  readonly status: string;
  readonly seconds: number;
  /** One sentence: what came out. */
  readonly headline: string;
  /** A regression that the run's schedule watches for. */
  readonly alert?: string;
}

export type NodeStatus = 'pending' | 'ready' | 'running' | 'waiting' | 'done' | 'failed' | 'skipped' | 'blocked' | 'canceled';

export interface ReportedNode {
  readonly id: string;
  readonly task: string;
  readonly kind: 'task' | 'map' | 'gate';
  readonly status: NodeStatus;
  readonly cache: 'hit' | 'miss';
  readonly key: string;
  readonly attempts: number;
  /** Time this run spent on it; 0 for a reused result. */
  readonly seconds: number;
  /** Ids of the nodes whose outputs it reads. */
  readonly deps: readonly string[];
  readonly queue: string;
  readonly outputs?: readonly { readonly name: string; readonly digest: string; readonly bytes: number }[];
  readonly summary?: string;
  readonly error?: string;
}

/** A place where data begin. */
export interface DataCard {
  readonly node: string;
  readonly task: string;
  readonly params: unknown;
  readonly files: number;
  readonly bytes: number;
  /** Files by ending. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly leftOut: number;
  /** As its settings say, one for each set; none where nothing is said. */
  readonly licences: readonly string[];
  /** ISO 8601. */
  readonly madeAt: string;
  readonly code: string;
  readonly digests: readonly string[];
}

export interface ReportedCode {
  readonly digest: string;
  readonly files: readonly string[];
}

export interface Curve {
  readonly node: string;
  readonly name: string;
  /** [step, value], by step. */
  readonly points: readonly (readonly [number, number])[];
  /** Steps at which the training went on from a checkpoint. */
  readonly resumePoints?: readonly number[];
}

/** Whatever has things to hear and see. */
export interface Exhibited {
  readonly exhibits: readonly Exhibit[];
}

/** Things to hear and see that a node made; the content of an `exhibits.json`, with its node. */
export interface Exhibit {
  readonly node: string;
  readonly title: string;
  readonly note?: string;
  readonly groups: readonly ExhibitGroup[];
  readonly tables?: readonly ExhibitTable[];
}
/** One clip in its versions (original, reconstructed, generated): what is compared with each other. */
export interface ExhibitGroup {
  readonly title: string;
  readonly items: readonly ExhibitItem[];
}
export interface ExhibitItem {
  readonly title: string;
  readonly caption?: string;
  /** Media are names below `media/`. */
  readonly audio?: string;
  readonly image?: string;
  readonly video?: string;
  readonly numbers?: Readonly<Record<string, number>>;
  /** Piano rolls that belong to the sound. */
  readonly rolls?: readonly ExhibitRoll[];
  /** Added when the report is written, from the sound itself. */
  readonly spectrogram?: Spectrogram;
}
export interface ExhibitRoll {
  readonly title: string;
  /** Names of files below `media/` as `piano-roll.ts` reads them; `against` is what was really played. */
  readonly roll: string;
  readonly against?: string;
  /** Added when the report is written: name below `media/`, and what it shows in words. */
  readonly picture?: { readonly image: string; readonly told: string };
}
export interface Spectrogram {
  /** Name of the picture below `media/`. */
  readonly image: string;
  readonly seconds: number;
  /** Root mean square, in dB relative to full scale. */
  readonly level: number;
  /** Highest frequency of the picture, in Hz. */
  readonly highestHz: number;
}
export interface ExhibitTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export interface ReportedMeasure {
  readonly name: string;
  readonly value: number;
  readonly unit?: string;
  readonly better?: 'lower' | 'higher';
  readonly note?: string;
}
