/** Types of the set-up. Its code is plain JavaScript on Node built-ins, because it runs before any package is installed. */

/** What every step gets. */
export interface Setup {
  /** The package's root: the folder of package.json. */
  readonly root: string;
  /** Where everything that is fetched or built lands: `<root>/.sostenuto`. */
  readonly tools: string;
  /** What projects share, see `cache.mjs`. */
  readonly cache: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted on Ctrl-C: children end, partial results stay nameless. */
  readonly signal: AbortSignal;
  /** Whether a Temporal server that runs is not enough, because tests start and kill their own. */
  readonly needsTool: boolean;
  /** What an earlier stage chose. */
  readonly tensorflow?: TensorflowChoice;
  /** Says that something long begins. */
  readonly note: (line: string) => void;
}

/** A way to get a tool that was passed over, and why. */
export interface Tried {
  readonly source: string;
  readonly reason: string;
}

/** A way to get a tool; `attempt` throws the reason why it does not work. */
export interface Candidate<T> {
  readonly source: string;
  readonly attempt: () => Promise<T>;
}

export interface Chosen<T> {
  readonly source: string;
  readonly value: T;
  readonly tried: readonly Tried[];
}

/** What a step found. `value` goes into setup.json under the step's name, if there is one. */
export interface Found {
  readonly found: string;
  readonly where?: string;
  readonly tried?: readonly Tried[];
  readonly value?: ToolChoice;
  /** Files that must still be the same for the choice to hold the next time. */
  readonly files?: readonly string[];
}

export interface Step {
  readonly name: 'node' | 'packages' | 'ffmpeg' | 'temporal' | 'tensorflow' | 'mlflow' | 'kernels';
  readonly title: string;
  /** Left out unless tests come next. */
  readonly isForTests?: boolean;
  /** Everything outside the chosen files that the choice depends on. */
  readonly key: (setup: Setup) => unknown;
  /** Whether an earlier choice still works, beyond key and files. */
  readonly holds?: (setup: Setup, value: ToolChoice | undefined) => Promise<boolean> | boolean;
  readonly run: (setup: Setup) => Promise<Found>;
}

export interface TemporalChoice {
  readonly source: string;
  /** Command line tool that can start a server. */
  readonly path?: string;
  /** Server that answered. */
  readonly address?: string;
  readonly version?: string;
}
export interface FfmpegChoice {
  readonly source: string;
  readonly ffmpeg: string;
  readonly ffprobe: string;
  readonly version: string;
}
export interface TensorflowChoice {
  readonly backend: 'tensorflow' | 'wasm' | 'cpu';
  readonly source: string;
  /** Folder of the package that loads it. */
  readonly package?: string;
  readonly version: string;
}
export type KernelsChoice = { readonly use: 'fused'; readonly path: string } | { readonly use: 'plain'; readonly reason: string };
export type ToolChoice = TemporalChoice | FfmpegChoice | TensorflowChoice | KernelsChoice;

export interface FileStamp {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}
export interface StepRecord {
  readonly key: string;
  readonly found: string;
  readonly where?: string;
  readonly tried: readonly Tried[];
  readonly files: readonly FileStamp[];
  readonly seconds: number;
}
/** `.sostenuto/setup.json`: what was chosen, and what the choice rests on. */
export interface SetupRecord {
  readonly version: number;
  readonly root: string;
  readonly temporal?: TemporalChoice;
  readonly ffmpeg?: FfmpegChoice;
  readonly tensorflow?: TensorflowChoice;
  readonly kernels?: KernelsChoice;
  readonly steps: Readonly<Partial<Record<Step['name'], StepRecord>>>;
}

export interface StepOutcome {
  readonly name: Step['name'];
  readonly title: string;
  readonly ok: boolean;
  readonly reused: boolean;
  readonly found: string;
  readonly where?: string;
  readonly tried: readonly Tried[];
  readonly seconds: number;
}
