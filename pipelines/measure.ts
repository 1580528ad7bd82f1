/** A figure of a run; outputs called `measures` are lists of these and appear in its report. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit?: string;
  readonly better: 'lower' | 'higher';
  readonly note?: string;
}
