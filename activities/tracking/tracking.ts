/** Where runs are shown besides the project's own pages: an MLflow tracking server. */
export interface Tracking {
  /** `http(s)://host:port[/path]`, without a password. */
  readonly uri: string;
  /** Experiment of all runs. Default: one for each pipeline, with its name. */
  readonly experiment?: string;
  /** `Authorization` header. Never in a log, a message or the store. */
  readonly authorization?: string;
}
