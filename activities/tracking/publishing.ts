import type { Ledger } from '../../engine/ledger/ledger.ts';
import type { Store } from '../../engine/store/store.ts';
import type { Deliveries, Delivery } from './delivery.ts';
import type { Api, Run } from './mlflow/api.ts';
import { rejectionOf } from './mlflow/client.ts';
import { type Pair, requests } from './mlflow/limits.ts';
import type { Tracking } from './tracking.ts';

/** Everything that publishing needs. */
export interface Publishing {
  readonly tracking: Tracking;
  readonly api: Api;
  readonly store: Store;
  readonly ledger: Ledger;
  readonly deliveries: Deliveries;
}

/** Of a refused batch everything goes that is not itself refused. */
export async function sendPairs(api: Api, delivery: Delivery, { id }: Run, kind: 'params' | 'tags', pairs: readonly Pair[]): Promise<void> {
  const send = async (batch: readonly Pair[]): Promise<void> => {
    try {
      if (batch.length > 0) await api.logBatch(id, { [kind]: batch });
    } catch (error) {
      if (rejectionOf(error) === undefined) throw error;
      if (batch.length === 1) delivery.refused.push(`${kind} ${batch[0]?.key}: ${rejectionOf(error)}`);
      else for (const pair of batch) await send([pair]);
    }
  };
  for (const batch of requests(pairs)) await send(batch);
}
