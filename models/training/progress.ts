import type { Counters, TrainingOptions } from './loop.ts';
import type { Batch } from './phase.ts';
import type { StepResult } from './step.ts';

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

const METRIC_EVERY = 10;

/** Tells of a finished step: progress always, metrics every tenth step. `from` is the step at which this process began. */
export function report<B extends Batch>(
  options: TrainingOptions<B>,
  { step, smoothedLoss, skipped }: Counters,
  { norm, watched }: StepResult,
  clock: Stopwatch,
  from: number,
): void {
  const stepsPerSecond = (step - from) / Math.max(clock.seconds(), 1e-3);
  const etaSeconds = (options.steps - step) / Math.max(stepsPerSecond, 1e-6);
  const rate = options.phases[0]?.schedule(step - 1) ?? 0;
  options.watch?.(step, watched);
  options.progress?.({
    step,
    of: options.steps,
    loss: smoothedLoss,
    gradientNorm: norm,
    rate,
    stepsPerSecond,
    dataWaitPercent: clock.waitedPercent(),
    etaSeconds,
    skipped,
  });
  if (step % METRIC_EVERY !== 0 && step !== options.steps) return;
  options.metric?.('loss', step, smoothedLoss);
  options.metric?.('gradient norm', step, norm);
  options.metric?.('learning rate', step, rate);
}
