import type { ScheduleDeclaration } from '../schedules/declaration.ts';

/** What a `temporal.config.ts` may say. Environment variables win over it; `docs` of each field name them. */
export interface ProjectConfig {
  /** Where all data lies, relative to the file. Default `.sostenuto`. `SOSTENUTO_HOME` wins. */
  readonly home?: string;
  /** Server and namespace, where `temporal.toml` and `TEMPORAL_*` say nothing. Default: a local server, namespace `default`. */
  readonly temporal?: { readonly address?: string; readonly namespace?: string };
  /**
   * Queue of the workflows and light tasks; the others are called after it. Default: `sostenuto`, with a suffix made from the
   * home when that is not this package's own, so that several homes share one server without taking each other's work.
   */
  readonly taskQueue?: string;
  /** How many tasks of a kind a worker runs at once. */
  readonly slots?: {
    /** Sub-second tasks. Default 100. */
    readonly light?: number;
    /** Default: one a core. */
    readonly cpu?: number;
    /** Default: one on a graphics card; else two, which share the cores. */
    readonly train?: number;
  };
  /** Ports on the loopback address that must be these. Unset: 7233, 8233 and 8400, or the next free ones. */
  readonly ports?: {
    /** gRPC of a server started here. `SOSTENUTO_SERVER_PORT` wins. */
    readonly server?: number;
    /** Temporal's web UI of a server started here. `SOSTENUTO_UI_PORT` wins. */
    readonly ui?: number;
    /** The report and live pages. `SOSTENUTO_WEB_PORT` wins. */
    readonly web?: number;
  };
  /** An MLflow server that is told of runs and models. Default: none. */
  readonly tracking?: {
    /** `http(s)://host:port`. `MLFLOW_TRACKING_URI` wins. */
    readonly uri: string;
    /** One experiment for all runs. Default: one for each pipeline, with its name. `MLFLOW_EXPERIMENT_NAME` wins. */
    readonly experiment?: string;
    /** Better in `MLFLOW_TRACKING_TOKEN`, or as `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`. */
    readonly token?: string;
  };
  /** Runs that are started again and again, by name; `sostenuto schedule apply` brings them to the server. */
  readonly schedules?: Readonly<Record<string, ScheduleDeclaration>>;
  /** Told of regressions that scheduled runs find, as a POST of JSON. `SOSTENUTO_ALERT_WEBHOOK` wins. */
  readonly alerts?: { readonly webhook: string };
  /** The pipelines that can be run, by name; the first is run when none is named. */
  readonly pipelines: Readonly<Record<string, PipelineLocation>>;
}

/** Loaded only when it is needed. */
export interface PipelineLocation {
  /** Relative to the file. */
  readonly module: string;
  /** Name under which the module exports it. */
  readonly export: string;
}

/** Names the type, so that an editor completes and checks the fields. */
export const defineConfig = (config: ProjectConfig): ProjectConfig => Object.freeze(config);
