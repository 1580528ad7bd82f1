import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../engine/keys/keys.ts';
import type { Run, RunStatus } from './mlflow/api.ts';
import type { Tracking } from './tracking.ts';

/** What of a run the server has. The ledger is what has to be delivered; this is how far it has come. */
export interface Delivery {
  readonly format: 1;
  readonly run: string;
  parent?: Run;
  /** Runs of the nodes that train. */
  children: Record<string, Run>;
  /** Status of these that the server was told, where it is not running. */
  statuses?: Record<string, RunStatus>;
  /** Runs (`''` for the parent) whose params are there. */
  described: string[];
  /** By node and metric, the last step that is there. */
  marks: Record<string, Record<string, number>>;
  /** A batch was under way when this was written: the server has to be asked what it has. */
  isUncertain: boolean;
  /** What the server refused, and why; it is not sent again. */
  refused: string[];
  /** Everything is there, as far as it was not refused. */
  isComplete: boolean;
}
/** What of a registered model the server has. */
export interface ModelDelivery {
  readonly format: 1;
  readonly name: string;
  /** Our version to the server's. */
  versions: Record<string, string>;
  /** Alias to the server's version. */
  aliases: Record<string, string>;
  refused: string[];
}

/** The files of one server under `<home>/tracking`; each is replaced as a whole. Losing them costs questions, no doubles. */
export interface Deliveries {
  readonly folder: string;
  /** When tracking began, ISO 8601: older runs are delivered on demand alone. */
  since(): string;
  run(run: string): Delivery;
  model(name: string): ModelDelivery;
  save(delivery: Delivery | ModelDelivery): void;
  /** All of them, also of runs that the ledger has lost. */
  runs(): Delivery[];
  models(): ModelDelivery[];
}

export function openDeliveries(home: string, { uri, experiment = '' }: Tracking, now: () => number = Date.now): Deliveries {
  const folder = join(home, 'tracking', sha256(`${uri} ${experiment}`).slice(0, 12));
  for (const kind of ['runs', 'models']) mkdirSync(join(folder, kind), { recursive: true });
  const server = join(folder, 'server.json');
  const known = read<{ since: string }>(server);
  const since = known?.since ?? new Date(now()).toISOString();
  if (known === undefined) replace(server, { format: 1, uri, experiment, since });

  const pathOf = (kind: string, name: string): string => join(folder, kind, `${sha256(name).slice(0, 32)}.json`);
  // Without a file nothing is known for sure: it may have been lost.
  const noRun = (run: string): Delivery => ({
    format: 1,
    run,
    children: {},
    described: [],
    marks: {},
    isUncertain: true,
    refused: [],
    isComplete: false,
  });
  const all = <T>(kind: string): T[] =>
    readdirSync(join(folder, kind))
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => read<T>(join(folder, kind, name)) ?? []);
  return {
    folder,
    since: () => since,
    run: (run) => read<Delivery>(pathOf('runs', run)) ?? noRun(run),
    model: (name) => read<ModelDelivery>(pathOf('models', name)) ?? { format: 1, name, versions: {}, aliases: {}, refused: [] },
    save: (delivery) => replace('run' in delivery ? pathOf('runs', delivery.run) : pathOf('models', delivery.name), delivery),
    runs: () => all<Delivery>('runs'),
    models: () => all<ModelDelivery>('models'),
  };
}

/** undefined for a file that is missing or was damaged. */
function read<T>(path: string): T | undefined {
  try {
    const value: T & { format?: number } = JSON.parse(readFileSync(path, 'utf8'));
    return value.format === 1 ? value : undefined;
  } catch {
    return undefined;
  }
}

function replace(path: string, value: unknown): void {
  const partial = `${path}.${process.pid}.partial`;
  writeFileSync(partial, JSON.stringify(value));
  renameSync(partial, path);
}
