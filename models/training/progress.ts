/** What a training tells while it runs. */
export interface TrainingProgress {
  readonly step: number;
  readonly of: number;
  /** Exponential average over about 20 steps. */
  readonly loss: number;
  /** Global gradient norm before clipping. */
  readonly gradientNorm: number;
  readonly rate: number;
  readonly stepsPerSecond: number;
  /** Part of the time spent waiting for data. */
  readonly dataWaitPercent: number;
  readonly etaSeconds: number;
  readonly skipped: number;
  readonly [detail: string]: number;
}

export interface Stopwatch {
  seconds(): number;
  waiting<T>(work: () => Promise<T>): Promise<T>;
  waitedPercent(): number;
}
/** Shown to people only; nothing computed depends on it. */
export function stopwatch(): Stopwatch {
  const start = performance.now();
  let waited = 0;
  return {
    seconds: () => (performance.now() - start) / 1000,
    waiting: async (work) => {
      const from = performance.now();
      const result = await work();
      waited += performance.now() - from;
      return result;
    },
    waitedPercent: () => (100 * waited) / Math.max(performance.now() - start, 1e-3),
  };
}
