import { setTimeout as sleep } from 'node:timers/promises';
import { SostenutoError } from '../../errors/problem.ts';
import { openDeliveries } from './delivery.ts';
import { ledgerState, type SyncOptions, sync } from './sync.ts';

export interface PublisherOptions extends Omit<SyncOptions, 'all' | 'signal'> {
  readonly warn: (message: string) => void;
  /** Shortest pause between two passes. Default 10 s. */
  readonly pauseMs?: number;
}
export interface Publisher {
  /** One more pass, if the server answered the last time; then it ends. */
  stop(): Promise<void>;
}

/** Publishing takes at most this part of the time. */
const share = 1 / 50;
const longestPauseMs = 5 * 60_000;
const lastPassMs = 10_000;

/**
 * Follows the ledger beside the work: nothing that trains waits for it or knows of it. A server that is away is asked ever more rarely; what it
 * has not been told stays in the ledger.
 */
export function startPublisher({ warn, pauseMs = 10_000, ...options }: PublisherOptions): Publisher {
  // Tracking begins now, whether or not the server is up.
  openDeliveries(options.home, options.tracking);
  const ending = new AbortController();
  let told = '';
  let failures = 0;
  let last = '';

  async function pass(signal?: AbortSignal): Promise<void> {
    const state = ledgerState(options.ledger);
    if (state === last && failures === 0) return;
    try {
      const { isBusy, refused } = await sync({ ...options, ...(signal === undefined ? {} : { signal }) });
      for (const line of refused) warn(`MLflow refused ${line}`);
      if (failures > 0) warn(`MLflow at ${options.tracking.uri} answers again.`);
      [failures, told, last] = [0, '', isBusy ? '' : state];
    } catch (error) {
      if (signal?.aborted) return;
      failures++;
      const [problem] = error instanceof SostenutoError ? error.problems : [];
      const message = problem === undefined ? String(error) : `${problem.what.replace(/\.$/, '')} (${problem.found})`;
      if (message !== told) warn(`${message} at ${options.tracking.uri}: runs go on, what is not there yet follows later.`);
      told = message;
    }
  }

  const loop = (async (): Promise<void> => {
    while (!ending.signal.aborted) {
      const started = performance.now();
      await pass(ending.signal);
      const pause = Math.min(longestPauseMs, Math.max(pauseMs * 2 ** Math.min(failures, 10), (performance.now() - started) / share));
      await sleep(pause, undefined, { signal: ending.signal, ref: false }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      ending.abort();
      await loop;
      if (failures === 0) await pass(AbortSignal.timeout(lastPassMs));
    },
  };
}
