import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { openDeliveries } from '../../../../activities/tracking/delivery.ts';
import { type Synced, sync } from '../../../../activities/tracking/sync.ts';
import type { Tracking } from '../../../../activities/tracking/tracking.ts';
import { temporaryFolder } from '../../../engine/support/folders.ts';
import { startProxy } from './faulty-proxy.ts';
import { type Answer, type MlflowServer, startMlflow } from './mlflow-server.ts';
import { tellRun } from './told-run.ts';

export type Told = Awaited<ReturnType<typeof tellRun>>;

export const listOf = (answer: Answer | undefined): Answer[] =>
  Object.values(answer ?? {}).flatMap((one) => (one === undefined ? [] : [one]));
export const pairs = (run: Answer | undefined, kind: 'params' | 'tags' | 'metrics') =>
  Object.fromEntries(listOf(run?.['data']?.[kind]).map(({ key, value }) => [String(key), value]));
export const idOf = (run: Answer | undefined): string => String(run?.['info']?.['run_id']);
export const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

/** What a test has: the one server behind a proxy that does harm, and a home, an experiment and a run of its own. */
export interface TrackedHome {
  readonly server: MlflowServer;
  readonly proxy: Awaited<ReturnType<typeof startProxy>>;
  readonly home: string;
  readonly names: { readonly pipeline: string; readonly run: string };
  tracking(more?: Partial<Tracking>): Tracking;
  begin(settings?: Record<string, unknown>): Promise<Told>;
  bringUp(told: Told, more?: Partial<Tracking>): Promise<Synced>;
  /** Runs of the test's experiment, by name; no name twice. */
  runs(): Promise<Map<string, Answer>>;
  history(run: Answer | undefined, key: string): Promise<Answer[]>;
  /** Steps of the training's loss as the server has them. */
  steps(): Promise<number[]>;
}

/** Starts the server for a file, and gives every test a home. */
export function trackedHomes(): TrackedHome {
  let counter = 0;
  let server: MlflowServer;
  let proxy: TrackedHome['proxy'];
  let home: string;
  let names: TrackedHome['names'];
  beforeAll(async () => {
    server = await startMlflow();
    proxy = await startProxy(server.uri);
  }, 120_000);
  afterAll(async () => {
    await proxy?.stop();
    await server?.stop();
  });
  beforeEach(() => {
    proxy.clear();
    home = temporaryFolder();
    counter++;
    names = { pipeline: `pipeline-${counter}`, run: `w-${counter}/r-${counter}` };
    openDeliveries(home, at.tracking());
  });
  const at: TrackedHome = {
    get server() {
      return server;
    },
    get proxy() {
      return proxy;
    },
    get home() {
      return home;
    },
    get names() {
      return names;
    },
    tracking: (more = {}) => ({ uri: proxy.uri, ...more }),
    begin: (settings) => tellRun(home, names.pipeline, names.run, settings),
    bringUp: ({ store, ledger }, more) => sync({ home, store, ledger, tracking: at.tracking(more) }),
    async runs() {
      const { experiment } = await server.get(`mlflow/experiments/get-by-name?experiment_name=${names.pipeline}`);
      const found = await server.post('mlflow/runs/search', { experiment_ids: [experiment?.['experiment_id']], max_results: 100 });
      const all = listOf(found['runs']);
      const byName = new Map(all.map((run) => [String(run['info']?.['run_name']), run]));
      expect(byName.size).toBe(all.length);
      return byName;
    },
    async history(run, key) {
      return listOf((await server.get(`mlflow/metrics/get-history?run_id=${idOf(run)}&metric_key=${encodeURIComponent(key)}`))['metrics']);
    },
    steps: async () => (await at.history((await at.runs()).get('train'), 'train/loss')).map(({ step }) => Number(step ?? 0)),
  };
  return at;
}
