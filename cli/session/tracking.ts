import { openDeliveries } from '../../activities/tracking/delivery.ts';
import { createClient } from '../../activities/tracking/mlflow/client.ts';
import { openRuns, type Synced, sync } from '../../activities/tracking/sync.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { openStore } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';

export interface TrackingStatus {
  readonly uri: string;
  readonly experiment: string;
  /** ISO 8601: runs from then on are followed. */
  readonly since: string;
  readonly version?: string;
  /** Why the server cannot be used now. */
  readonly problem?: string;
  readonly complete: number;
  readonly waiting: readonly string[];
  readonly models: Readonly<Record<string, number>>;
  readonly refused: readonly string[];
}

/** What the server has and what waits. Throws `NO_TRACKER`. */
export async function trackingStatus(): Promise<TrackingStatus> {
  const { home, tracking } = await trackedProject();
  const deliveries = openDeliveries(home, tracking);
  const answer = await createClient(tracking)
    .version()
    .then(
      (version) => (version === undefined ? {} : { version }),
      (error: unknown) => ({ problem: error instanceof Error ? error.message : String(error) }),
    );
  const runs = deliveries.runs();
  const models = deliveries.models();
  return {
    uri: tracking.uri,
    experiment: tracking.experiment ?? 'one for each pipeline',
    since: deliveries.since(),
    ...answer,
    complete: runs.filter(({ isComplete }) => isComplete).length,
    waiting: (await openRuns(openLedger(home), deliveries, false)).map(({ run }) => run).filter((run) => !deliveries.run(run).isComplete),
    models: Object.fromEntries(models.map(({ name, versions }) => [name, Object.keys(versions).length])),
    refused: [
      ...runs.map(({ run, refused }) => ({ of: run, refused })),
      ...models.map(({ name, refused }) => ({ of: name, refused })),
    ].flatMap(({ of, refused }) => refused.map((line) => `${of}: ${line}`)),
  };
}

/** Throws `NO_TRACKER`, `TRACKER_UNREACHABLE`, `TRACKER_LOGIN`, `TRACKER_UNSUITABLE`. */
export async function syncNow(all: boolean): Promise<Synced> {
  const { home, tracking } = await trackedProject();
  return sync({ home, tracking, all, store: await openStore(home), ledger: openLedger(home) });
}

async function trackedProject(): Promise<Config & Required<Pick<Config, 'tracking'>>> {
  const config = await loadConfig();
  const { tracking } = config;
  if (tracking !== undefined) return { ...config, tracking };
  throw new SostenutoError({
    code: 'NO_TRACKER',
    what: 'No MLflow server is named.',
    where: config.file,
    hint: 'set tracking.uri there, or MLFLOW_TRACKING_URI, to http(s)://host:port',
  });
}
