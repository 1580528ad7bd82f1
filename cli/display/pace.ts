import type { RunSnapshot } from './snapshot.ts';

/** How fast a node moves, from what was seen of it. */
export interface Pace {
  readonly step: number;
  readonly at: number;
  /** Smoothed; undefined until a second step was seen. */
  readonly stepsPerSecond?: number;
}
export type Paces = ReadonlyMap<string, Pace>;

/** Weight of a new measurement that covers `seconds`: after 20 s most of the old one is forgotten. */
const weight = (seconds: number): number => 1 - Math.exp(-seconds / 10);

/** The paces after a snapshot. A step that goes back (a new attempt, from its checkpoint) starts the measurement anew. */
export function followPaces(before: Paces, { nodes, takenAt }: RunSnapshot): Paces {
  const after = new Map<string, Pace>();
  for (const { id, status, progress } of nodes) {
    if (status !== 'running' || progress === undefined) continue;
    after.set(id, nextPace(before.get(id), progress.step, takenAt));
  }
  return after;
}

function nextPace(last: Pace | undefined, step: number, at: number): Pace {
  if (last === undefined || step < last.step) return { step, at };
  if (step === last.step) return last;
  const seconds = (at - last.at) / 1000;
  if (seconds <= 0) return last;
  const now = (step - last.step) / seconds;
  const share = weight(seconds);
  return { step, at, stepsPerSecond: last.stepsPerSecond === undefined ? now : last.stepsPerSecond * (1 - share) + now * share };
}

/** Seconds until the last step at this pace. */
export function secondsLeft(pace: Pace | undefined, of: number): number | undefined {
  return pace?.stepsPerSecond === undefined || pace.stepsPerSecond <= 0 ? undefined : Math.max(0, of - pace.step) / pace.stepsPerSecond;
}
