import { type ActionRecord, findAction } from '../actions/actions.ts';
import { type CheckpointInfo, listCheckpoints } from '../checkpoints/checkpoints.ts';
import { isPinned } from '../checkpoints/pins.ts';
import type { Store } from '../store/store.ts';
import { listActions } from './cache.ts';

/** A training whose result is in the store, with what its checkpoints take. */
export interface EndedTraining {
  readonly trajectory: string;
  readonly node: string;
  readonly pipeline?: string;
  readonly steps: readonly number[];
  readonly bytes: number;
  /** When its last result was there; ISO 8601. */
  readonly endedAt: string;
}

/**
 * Trainings that ended well: their whole result is in the store, and nothing was saved after it, so that no failed or stopped continuation lies
 * behind. Their checkpoints serve only to go on further. Those that are pinned, and those of failed and running trainings, are not among them.
 */
export async function endedTrainings(store: Store, isKept: (record: ActionRecord) => boolean = () => true): Promise<EndedTraining[]> {
  const results = new Map<string, { node: string; pipeline?: string; end: number }>();
  for (const record of listActions(store)) {
    const { key, task, node = task, pipeline, trajectory, startedAt, seconds } = record;
    if (trajectory === undefined || !isKept(record) || (await findAction(store, key)) === undefined) continue;
    const end = Date.parse(startedAt) + 1000 * seconds;
    if (end > (results.get(trajectory)?.end ?? 0)) results.set(trajectory, { node, ...(pipeline === undefined ? {} : { pipeline }), end });
  }
  const saved = grouped(await listCheckpoints(store));
  return [...saved].flatMap(([trajectory, checkpoints]) => {
    const result = results.get(trajectory);
    if (result === undefined || isPinned(store, trajectory)) return [];
    const { end, ...named } = result;
    if (checkpoints.some(({ savedAt }) => Date.parse(savedAt) > end)) return [];
    const steps = checkpoints.map(({ step }) => step);
    const bytes = checkpoints.reduce((sum, one) => sum + one.bytes, 0);
    return [{ trajectory, ...named, steps, bytes, endedAt: new Date(end).toISOString() }];
  });
}

function grouped(checkpoints: readonly CheckpointInfo[]): Map<string, CheckpointInfo[]> {
  const groups = new Map<string, CheckpointInfo[]>();
  for (const one of checkpoints) groups.set(one.trajectory, [...(groups.get(one.trajectory) ?? []), one]);
  return groups;
}
