import { hostname } from 'node:os';
import { isAlive } from '../../engine/leases/is-alive.ts';
import { acquireLease, type Lease } from '../../engine/leases/leases.ts';
import type { Store } from '../../engine/store/store.ts';

export interface LeaseRequest {
  readonly key: string;
  /** Run and node: the same name again is a later attempt of the same activity, and the earlier one is over. */
  readonly name: string;
  readonly ttlMs: number;
  readonly signal: AbortSignal;
  readonly onWaiting: (holder: string) => void;
}
const pollMs = 200;

/** Owner as others read it: machine, process, and what it works for. */
const ownerOf = (name: string): string => `${hostname()}:${process.pid} ${name}`;

/**
 * Takes the lease of a key, waiting while somebody else holds it; `isDone` is asked before every look, because what the holder finishes needn't be
 * done again. A holder whose process on this machine is dead, or who is an earlier attempt of the same activity, is not waited for: it is fenced off.
 */
export async function takeLease<T>(
  store: Store,
  request: LeaseRequest,
  isDone: () => Promise<T | undefined>,
): Promise<{ lease: Lease } | { done: T }> {
  const { key, name, ttlMs, signal } = request;
  for (;;) {
    signal.throwIfAborted();
    const done = await isDone();
    if (done !== undefined) return { done };
    const answer = await acquireLease(store, key, { owner: ownerOf(name), ttlMs, isOver: (holder) => isOver(holder, name) });
    if (!('heldBy' in answer)) return oneLastLook(answer, isDone);
    request.onWaiting(answer.heldBy);
    await new Promise((resolve) => setTimeout(resolve, Math.min(pollMs, Math.max(10, answer.until - Date.now()))));
  }
}

/** Between the look and the grant the holder may have finished. */
async function oneLastLook<T>(lease: Lease, isDone: () => Promise<T | undefined>): Promise<{ lease: Lease } | { done: T }> {
  // Under the first token nobody can have been before.
  const done = lease.token === 1 ? undefined : await isDone();
  if (done === undefined) return { lease };
  await lease.release();
  return { done };
}

function isOver(holder: string, name: string): boolean {
  const [, host, pid, work] = /^(.*):(\d+) (.*)$/.exec(holder) ?? [];
  if (host === undefined) return false;
  return work === name || (host === hostname() && !isAlive(Number(pid)));
}
