/** A figure of a run; outputs called `measures` are lists of these and appear in its report. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  /** 95 % interval of a mean over clips. */
  readonly interval?: { readonly low: number; readonly high: number };
  readonly unit?: string;
  readonly better: 'lower' | 'higher';
  readonly note?: string;
}

/** How a bootstrap interval is drawn. */
export interface Drawing {
  readonly seed: number;
  readonly resamples: number;
}
