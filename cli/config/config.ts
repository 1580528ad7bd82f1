import type { NativeConnectionOptions } from '@temporalio/worker';
import type { Tracking } from '../../activities/tracking/tracking.ts';
import type { Queue } from '../../engine/define/task.ts';
import type { BackendName } from '../../models/backend/index.ts';
import type { ScheduleDeclaration } from '../schedules/declaration.ts';

/** The configuration after defaults, file and environment have been put together. Paths are absolute. */
export interface Config {
  /** The `temporal.config.ts` it comes from. */
  readonly file: string;
  /** Folder of that file: code fingerprints cover the sources in it. */
  readonly root: string;
  /** Folder of this package. */
  readonly packageRoot: string;
  /** What the set-up fetched and built: `<packageRoot>/.sostenuto`. */
  readonly tools: string;
  /** Where all data lies. */
  readonly home: string;
  readonly temporal: {
    /** The server somebody asked for; without it, a local one is found or started. */
    readonly address?: string;
    readonly namespace: string;
    /** TLS, API key, headers: for `NativeConnection.connect` and `Connection.connect`. */
    readonly connection: Omit<NativeConnectionOptions, 'address'>;
    /** `TEMPORAL_CLI_PATH`. */
    readonly cliPath?: string;
  };
  /** Queue of the workflows; the others are called after it. */
  readonly taskQueue: string;
  readonly slots: Readonly<Record<Queue, number>>;
  /** Only the ports that somebody asked for. */
  readonly ports: { readonly server?: number; readonly ui?: number; readonly web?: number };
  /** `SOSTENUTO_BACKEND`; without it, the best that loads. */
  readonly backend?: BackendName;
  /** Where runs are shown besides; nowhere if unset. */
  readonly tracking?: Tracking;
  readonly schedules: ReadonlyMap<string, ScheduleDeclaration>;
  /** Told of regressions. */
  readonly alertWebhook?: string;
  /** In the order of the file. */
  readonly pipelines: ReadonlyMap<string, PipelineEntry>;
  /** Run when none is named: the first. */
  readonly defaultPipeline: string;
}

export interface PipelineEntry {
  readonly name: string;
  /** `file:` URL of the module. */
  readonly url: string;
  readonly export: string;
}
