import type { Quarantined } from '../engine/define/pipeline.ts';
import type { Artifact } from '../engine/define/ports.ts';
import type { Store } from '../engine/store/store.ts';
import type { Cache, Decided, NodeStatus, Outputs } from './messages.ts';

/** What became of a node. */
export interface NodeState {
  readonly status: Extract<NodeStatus, 'done' | 'failed' | 'skipped' | 'canceled'>;
  readonly cache?: Cache;
  readonly key: string;
  readonly seconds: number;
  readonly attempts: number;
  readonly outputs: Outputs;
  readonly error?: string;
  readonly elements?: Elements;
}
export interface Elements {
  readonly total: number;
  readonly ran: number;
  readonly hits: number;
  readonly quarantined: number;
}
/** A map in the middle: what was executed so far. The results themselves are in the cache. */
export interface PartialMap {
  readonly ran: number;
  readonly quarantined: readonly Quarantined[];
  readonly seconds: number;
  readonly attempts: number;
}

/** What a run knows, as it lies in the store; the workflow holds only its digest. */
export interface RunState {
  readonly format: 1;
  readonly nodes: Readonly<Record<string, NodeState>>;
  readonly maps: Readonly<Record<string, PartialMap>>;
  /** What was said at gates that have not been looked at since. */
  readonly decisions?: Readonly<Record<string, Decided>>;
}
export const emptyState: RunState = { format: 1, nodes: {}, maps: {} };

/** States that this process wrote or read last: the next call of the same run nearly always wants one of them. */
const recent = new Map<string, RunState>();

export async function loadState(store: Store, ref: Artifact | undefined): Promise<RunState> {
  if (ref === undefined) return emptyState;
  return remember(ref.digest, recent.get(ref.digest) ?? (await store.readJson<RunState>(ref)));
}

export async function saveState(store: Store, state: RunState): Promise<Artifact> {
  const ref = await store.putJson(state);
  remember(ref.digest, state);
  return ref;
}

function remember(digest: string, state: RunState): RunState {
  recent.delete(digest);
  recent.set(digest, state);
  for (const oldest of recent.keys()) if (recent.size > 16) recent.delete(oldest);
  return state;
}
