/** What a declared schedule says about its runs, and what they find; types only, so that workflow code may import it. */

export interface ScheduledBy {
  readonly name: string;
  /** Milliseconds before the scheduled time at which the run's window begins; fills `{from}` and `{to}` in settings. */
  readonly windowMs?: number;
  readonly alert?: AlertRule;
  /** The scheduled time, ISO 8601; known when the run starts. */
  readonly at?: string;
}
/** When a measure of a run counts as a regression. */
export interface AlertRule {
  readonly measure: string;
  readonly better: 'lower' | 'higher';
  /** By how much it may be worse. Default 0. */
  readonly margin?: number;
  /** Compared with the median of so many earlier runs of the schedule (default 5) … */
  readonly runs?: number;
  /** … or with the champion of this registered model. */
  readonly champion?: string;
}
/** A regression that was found. */
export interface RunAlert {
  readonly measure: string;
  readonly value: number;
  /** What it was compared with, as a value and in words. */
  readonly against: number;
  readonly message: string;
}
