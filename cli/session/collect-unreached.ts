import type { ActionRecord } from '../../engine/actions/actions.ts';
import { listActions } from '../../engine/collect/cache.ts';
import { type Collection, collectGarbage } from '../../engine/collect/collect.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { registeredArtifacts } from '../../engine/registry/registry.ts';
import { reachedObjects } from '../../engine/store/references.ts';
import { openStore, type Store } from '../../engine/store/store.ts';
import { projectHome } from './project.ts';

export interface KeepOptions {
  readonly keepRuns: number;
  readonly keepDays: number;
  readonly dryRun?: boolean;
}

/** Removes what neither the newest runs of each pipeline nor a young result reaches. */
export async function collectUnreached({ keepRuns, keepDays, dryRun }: KeepOptions): Promise<Collection> {
  const home = await projectHome();
  const ledger = openLedger(home);
  const newest = `SELECT run FROM runs QUALIFY row_number() OVER (PARTITION BY pipeline ORDER BY startedAt DESC) <= ${keepRuns}`;
  const kept = await ledger.query(`SELECT DISTINCT key FROM nodes WHERE key IS NOT NULL AND run IN (${newest})`);
  const keys = new Set(kept.map(({ key }) => String(key)));
  const youngest = new Date(Date.now() - keepDays * 86_400_000).toISOString();
  const store = await openStore(home);
  const isWanted = ({ key, startedAt }: ActionRecord): boolean => keys.has(key) || startedAt >= youngest;
  const reached = reachedBy(store, listActions(store).filter(isWanted));
  // Elements of maps have keys that no run lists; one stays if its map's result refers to what it made.
  const isReached = ({ item, outputs }: ActionRecord): boolean =>
    item !== undefined && Object.values(outputs).every(({ digest }) => reached.has(digest));
  return collectGarbage(store, {
    keepAction: (record) => isWanted(record) || isReached(record),
    keepArtifacts: await registeredArtifacts(ledger),
    ...(dryRun === undefined ? {} : { isDryRun: dryRun }),
  });
}

/** Digests of all objects that some results refer to. */
function reachedBy(store: Pick<Store, 'root'>, records: readonly ActionRecord[]): Set<string> {
  const outputs = records.flatMap((record) => Object.values(record.outputs));
  // What is damaged reaches less; that is no reason to remove the rest.
  return new Set([...reachedObjects(store.root, outputs, () => {})].map(({ digest }) => digest));
}
