import type { Artifact, Ports, Received, Returned, StoredFile, StoredTree, Type } from './ports.ts';

/** Which worker runs it: `light` shares the workflow's queue, `cpu` takes one slot a core, `train` one slot a device. */
export const QUEUES = ['light', 'cpu', 'train'] as const;
export type Queue = (typeof QUEUES)[number];

/** Progress of a running node; shown live and sent as heartbeat. Extra fields are numbers or short words. */
export interface Progress {
  readonly step: number;
  readonly of: number;
  readonly [detail: string]: number | string | undefined;
}

/** A complete saved state of a long task. */
export interface Checkpoint {
  readonly step: number;
  /** Directory with the files that were written; read only. */
  readonly directory: string;
  /** The small JSON state given to `save`. */
  readonly state: unknown;
  readonly score?: number;
}
export interface Checkpoints {
  /**
   * Newest checkpoint whose files have the recorded digests; damaged ones are skipped with a warning. Trainings that differ only in
   * their end share their checkpoints, so one that ends earlier must ask for `notAfter` its own end.
   */
  latest(options?: { readonly notAfter?: number }): Promise<Checkpoint | undefined>;
  /** Of those that were saved with a score the one with the highest, whole; of equal ones the newest. */
  best(options?: { readonly notAfter?: number }): Promise<Checkpoint | undefined>;
  /**
   * Writes atomically: `write` fills a temporary directory, then it is synced and renamed. Throws `FENCED` if a newer attempt took over.
   * @param score higher is better (of a loss, its negative); the best checkpoint is kept besides the last ones
   */
  save(step: number, state: unknown, write: (directory: string) => Promise<void>, score?: number): Promise<void>;
}

/** What a task may do besides computing. */
export interface TaskContext {
  /** Private empty directory, removed afterwards; outputs are returned as paths inside it. */
  readonly workDirectory: string;
  /** Directory of the tools and caches that do not belong to a run. */
  readonly home: string;
  /** Aborted on cancel, pause and worker shutdown: save a checkpoint, then rethrow `signal.reason`. */
  readonly signal: AbortSignal;
  readonly attempt: number;
  readonly checkpoints: Checkpoints;
  /** Settings that never enter a key: threads, cadence, logging. */
  readonly operational: Readonly<Record<string, number | string | boolean>>;
  progress(progress: Progress): void;
  /** Adds a point to the ledger's metrics; the same name and step again replaces it. */
  metric(name: string, step: number, value: number): void;
  warn(message: string): void;
  /** Opens references found inside JSON values. */
  readJson<T>(artifact: Artifact): Promise<T>;
  openFile(artifact: Artifact): Promise<StoredFile>;
  openTree(artifact: Artifact): Promise<StoredTree>;
  /** Stores something that a JSON output will refer to. The file is not read if it is `known` to be something that the store has. */
  putFile(path: string, known?: Artifact): Promise<Artifact>;
  putTree(directory: string): Promise<Artifact>;
}

export interface RunArguments<In extends Ports, Params, Item> {
  readonly inputs: { readonly [K in keyof In]: Received<In[K]> };
  readonly params: Params;
  /** The element, when the task runs in a map. */
  readonly item: Item;
  readonly context: TaskContext;
}
export type RunFunction<In extends Ports, Out extends Ports, Params, Item> = (
  run: RunArguments<In, Params, Item>,
) => Promise<{ readonly [K in keyof Out]: Returned<Out[K]> }>;

/** Where a task's code lives: `export` of the module at `url`. Kept apart from the declaration, so that planning loads none of it. */
export interface Implementation {
  readonly url: string;
  readonly export: string;
}

export interface Task<In extends Ports = Ports, Out extends Ports = Ports, Params = unknown, Item = unknown> {
  /** Activity type in the Temporal UI; a verb in camelCase; unique. */
  readonly name: string;
  readonly inputs: In;
  readonly outputs: Out;
  readonly params?: Type<Params>;
  readonly item?: Type<Item>;
  /** Default `light`. */
  readonly queue?: Queue;
  /** `local`: pure, sub-second, idempotent: runs inside a local activity. `process`: in a child process (anything that loads TensorFlow or blocks). Default `worker`. */
  readonly runs?: 'local' | 'worker' | 'process';
  /** Params that only move the end of a training: left out of its trajectory, so that raising them continues. */
  readonly endParams?: readonly (keyof Params & string)[];
  /** Longest honest attempt, for example `2 days`. Default 1 hour. */
  readonly timeout?: string;
  /** Code in its own module … */
  readonly implementation?: Implementation;
  /** … or right here; `module` must then export the task under its name. */
  readonly run?: RunFunction<In, Out, Params, Item>;
  /** `import.meta.url` of the declaring module; needed with `run`. */
  readonly module?: string;
}

/** Declares a task. Everything in it is data, but `run`. */
export const defineTask = <In extends Ports, Out extends Ports, Params = Record<string, never>, Item = undefined>(
  task: Task<In, Out, Params, Item>,
): Task<In, Out, Params, Item> => Object.freeze(task);

/** The type of a task's code: `export const embedFrames: Run<typeof declaration> = async ({ inputs, params, context }) => …` */
export type Run<T> = T extends Task<infer In, infer Out, infer Params, infer Item> ? RunFunction<In, Out, Params, Item> : never;
