import type { Client } from '@temporalio/client';
import type { Ledger } from '../../engine/ledger/ledger.ts';
import type { Store } from '../../engine/store/store.ts';

/** What the calls about runs need: the server for what goes on, store and ledger for what is over. */
export interface RunClient {
  readonly client: Client;
  readonly store: Store;
  readonly ledger: Ledger;
}
