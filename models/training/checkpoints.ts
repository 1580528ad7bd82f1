/** A complete saved state of a training, as the engine keeps it. Declared here by shape, because models know no engine. */
export interface Checkpoint {
  readonly step: number;
  /** Directory with the files that were written; read only. */
  readonly directory: string;
  readonly state: unknown;
}
export interface Checkpoints {
  /** Newest undamaged one; trainings that differ only in their end share them, so one that ends earlier asks for `notAfter` its end. */
  latest(options?: { readonly notAfter?: number }): Promise<Checkpoint | undefined>;
  /** Atomic: `write` fills a temporary directory, then it is synced and renamed. The one with the highest `score` is kept besides the last ones. */
  save(step: number, state: unknown, write: (directory: string) => Promise<void>, score?: number): Promise<void>;
}
