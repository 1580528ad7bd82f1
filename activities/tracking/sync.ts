import { readdirSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../../engine/leases/is-alive.ts';
import { acquireLease } from '../../engine/leases/leases.ts';
import type { Ledger } from '../../engine/ledger/ledger.ts';
import { makeFolder } from '../../engine/store/make-folder.ts';
import type { Store } from '../../engine/store/store.ts';
import { type Deliveries, openDeliveries } from './delivery.ts';
import { createApi } from './mlflow/api.ts';
import { createClient, rejectionOf } from './mlflow/client.ts';
import { publishModels } from './publish-models.ts';
import { publishRun } from './publish-run.ts';
import type { Tracking } from './tracking.ts';

export interface SyncOptions {
  readonly home: string;
  readonly store: Store;
  readonly ledger: Ledger;
  readonly tracking: Tracking;
  /** Also runs from before tracking began. */
  readonly all?: boolean;
  readonly signal?: AbortSignal;
}
export interface Synced {
  /** Another process is at it. */
  readonly isBusy: boolean;
  /** Runs that were not complete before. */
  readonly runs: number;
  /** Of these, the ones that are complete now; the others go on. */
  readonly complete: number;
  readonly refused: readonly string[];
}

const leaseMs = 60_000;
/** Workers write what they have every other second; their clocks may differ a little. */
const settlingMs = 60_000;

/**
 * Brings the server up to the ledger, oldest run first. One process of a home does it at a time. It can be ended at any moment.
 * @throws SostenutoError `TRACKER_UNREACHABLE`, `TRACKER_LOGIN`, `TRACKER_UNSUITABLE`
 */
export async function sync({ home, store, ledger, tracking, all = false, signal }: SyncOptions): Promise<Synced> {
  const root = join(home, 'tracking');
  const deliveries = openDeliveries(home, tracking);
  makeFolder(join(root, 'tmp'));
  const owner = `${hostname()}:${process.pid}`;
  const lease = await acquireLease({ root }, 'publisher', { owner, ttlMs: leaseMs, isOver: isGone });
  if (!('token' in lease)) return { isBusy: true, runs: 0, complete: 0, refused: [] };
  const lost = new AbortController();
  const renewal = setInterval(() => void lease.renew().catch((error: unknown) => lost.abort(error)), leaseMs / 3);
  try {
    const client = createClient(tracking, signal === undefined ? lost.signal : AbortSignal.any([signal, lost.signal]));
    await client.version();
    const publishing = { tracking, api: createApi(client), store, ledger, deliveries };
    const open = await openRuns(ledger, deliveries, all);
    const refused: string[] = [];
    let [runs, complete] = [0, 0];
    for (const { run, isEnded } of open) {
      const before = deliveries.run(run);
      const delivery = await publishRun(publishing, run).catch((error: unknown) => {
        const rejection = rejectionOf(error);
        if (rejection === undefined) throw error;
        // Deleted by somebody, say: after its end that won't get better, and the next run may.
        const given = { ...deliveries.run(run), isComplete: isEnded };
        const line = `the run: ${error instanceof Error ? error.message.replaceAll('\n', '; ') : rejection}`;
        if (!given.refused.includes(line)) given.refused.push(line);
        deliveries.save(given);
        return given;
      });
      if (!before.isComplete) runs++;
      if (!before.isComplete && delivery.isComplete) complete++;
      refused.push(...delivery.refused.slice(before.refused.length).map((line) => `${run}: ${line}`));
    }
    await publishModels(publishing);
    return { isBusy: false, runs, complete, refused };
  } finally {
    clearInterval(renewal);
    await lease.release().catch(() => undefined);
  }
}

interface OpenRun {
  readonly run: string;
  readonly isEnded: boolean;
}

/** Runs that are not complete at the server, or that ended a moment ago, oldest first. */
export async function openRuns(ledger: Ledger, deliveries: Deliveries, all: boolean): Promise<OpenRun[]> {
  if (ledger.isEmpty('runs')) return [];
  const since = all ? '1970-01-01T00:00:00Z' : deliveries.since();
  const rows = await ledger.query('SELECT run, endedAt FROM runs WHERE startedAt >= $1::TIMESTAMP ORDER BY startedAt', [
    since.replace('Z', ''),
  ]);
  const isFresh = (endedAt: unknown): boolean => endedAt !== null && Date.parse(String(endedAt)) > Date.now() - settlingMs;
  return rows
    .filter(({ run, endedAt }) => isFresh(endedAt) || !deliveries.run(String(run)).isComplete)
    .map(({ run, endedAt }) => ({ run: String(run), isEnded: endedAt !== null }));
}

/** Changes whenever something is written to the ledger; costs a look at some folders. */
export function ledgerState({ root }: Ledger): string {
  const files = ['runs', 'nodes', 'metrics', 'models', 'aliases'].flatMap((table) => {
    try {
      return readdirSync(join(root, table)).map((name) => `${name} ${statSync(join(root, table, name), { throwIfNoEntry: false })?.size}`);
    } catch {
      return [];
    }
  });
  return files.sort().join('\n');
}

/** A holder that was a process of this machine and has died is not waited for. */
function isGone(owner: string): boolean {
  const [, host, pid] = /^(.*):(\d+)$/.exec(owner) ?? [];
  return host === hostname() && !isAlive(Number(pid));
}
