import type { RunBegin } from '../engine/history/measured-runs.ts';
import type { Ledger } from '../engine/ledger/ledger.ts';
import type { Plan } from '../engine/plan/plan.ts';
import type { Store } from '../engine/store/store.ts';
import type { ChildPool } from './child/pool.ts';
import type { RunIdentity, RunReport } from './messages.ts';
import type { Pipelines } from './plan/registry.ts';

export interface ReportRequest {
  readonly home: string;
  readonly store: Store;
  readonly ledger: Ledger;
  readonly run: RunReport;
  readonly plan: Plan;
  readonly begin: RunBegin;
}

/** Everything the activities need from outside; made once per worker process. */
export interface Dependencies {
  /** Where the data lies. */
  readonly home: string;
  /** Root of the project whose sources the code fingerprints cover. */
  readonly projectRoot: string;
  readonly store: Store;
  readonly ledger: Ledger;
  /** Processes for the tasks that need one. */
  readonly children: ChildPool;
  /** As they are declared at the moment; asked for at every plan. */
  readonly pipelines: () => Promise<Pipelines>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly warn: (message: string) => void;
  /** Names of the search attributes that the server knows. */
  readonly searchAttributes: () => Promise<ReadonlySet<string>>;
  /** Writes the report of a finished run; returns the path of its HTML file. */
  readonly writeReport?: (request: ReportRequest) => Promise<string>;
  /** Called when a run that has a report and executed something is in the ledger, for pages about several runs. */
  readonly afterReport?: (sources: Pick<ReportRequest, 'home' | 'store' | 'ledger'>) => Promise<unknown>;
  /** How long `advance` executes local tasks before it reports. Default 2000. */
  readonly sliceMs?: number;
  /** Called when a node of the queue `train` begins; what it returns, when that node ends. */
  readonly watch?: (run: RunIdentity, node: string) => () => void;
  /** Told of regressions, as a POST of JSON. */
  readonly alertWebhook?: string;
  /** Name of the numerical backend, for the records. */
  readonly backend?: string;
}
