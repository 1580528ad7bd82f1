import type { Ledger } from '../engine/ledger/ledger.ts';
import type { Store } from '../engine/store/store.ts';
import type { RunReport } from './messages.ts';
import type { Pipelines } from './plan/registry.ts';

export interface ReportRequest {
  readonly home: string;
  readonly store: Store;
  readonly ledger: Ledger;
  readonly run: RunReport;
}

/** Everything the activities need from outside; made once per worker process. */
export interface Dependencies {
  /** Where the data lies. */
  readonly home: string;
  /** Root of the project whose sources the code fingerprints cover. */
  readonly projectRoot: string;
  readonly store: Store;
  readonly ledger: Ledger;
  readonly pipelines: Pipelines;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly warn: (message: string) => void;
  /** Names of the search attributes that the server knows. */
  readonly searchAttributes: () => Promise<ReadonlySet<string>>;
  /** Writes the report of a finished run; returns the path of its HTML file. */
  readonly writeReport?: (request: ReportRequest) => Promise<string>;
  /** The number that a finished run is searched by; undefined if it has none. */
  readonly primaryMetric?: (run: RunReport) => Promise<number | undefined>;
  /** How long `advance` executes local tasks before it reports. Default 2000. */
  readonly sliceMs?: number;
  /** Name of the numerical backend, for the records. */
  readonly backend?: string;
}
