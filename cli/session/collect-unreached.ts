import type { ActionRecord } from '../../engine/actions/actions.ts';
import { listActions } from '../../engine/collect/cache.ts';
import { type Collection, collectGarbage, isAtWork } from '../../engine/collect/collect.ts';
import { type EndedTraining, endedTrainings } from '../../engine/collect/ended-trainings.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { registeredArtifacts } from '../../engine/registry/registry.ts';
import { reachedObjects } from '../../engine/store/references.ts';
import { openStore, type Store } from '../../engine/store/store.ts';
import { projectHome } from './project.ts';

const DAY = 86_400_000;

export interface KeepOptions {
  readonly keepRuns: number;
  readonly keepDays: number;
  /** Checkpoints of trainings that ended well so long ago go; all stay where this is not said. */
  readonly checkpointDays?: number;
  readonly dryRun?: boolean;
}
interface CollectedTraining extends EndedTraining {
  /** Whether its checkpoints go, or would. */
  readonly goes: boolean;
}

/**
 * Removes what neither the newest runs of each pipeline nor a young result reaches, and moves the ledger's rows into Parquet; tells of the trainings whose
 * checkpoints went or could, and of the rows that were moved.
 */
export async function collectUnreached({
  keepRuns,
  keepDays,
  checkpointDays,
  dryRun,
}: KeepOptions): Promise<Collection & { trainings: CollectedTraining[]; rows: number }> {
  const home = await projectHome();
  const ledger = openLedger(home);
  const newest = `SELECT run FROM runs QUALIFY row_number() OVER (PARTITION BY pipeline ORDER BY startedAt DESC) <= ${keepRuns}`;
  const kept = await ledger.query(`SELECT DISTINCT key FROM nodes WHERE key IS NOT NULL AND run IN (${newest})`);
  const keys = new Set(kept.map(({ key }) => String(key)));
  const youngest = new Date(Date.now() - keepDays * DAY).toISOString();
  const store = await openStore(home);
  const isWanted = ({ key, startedAt }: ActionRecord): boolean => keys.has(key) || startedAt >= youngest;
  const reached = reachedBy(store, listActions(store).filter(isWanted));
  // Elements of maps have keys that no run lists; one stays if its map's result refers to what it made.
  const isReached = ({ item, outputs }: ActionRecord): boolean =>
    item !== undefined && Object.values(outputs).every(({ digest }) => reached.has(digest));
  const keepAction = (record: ActionRecord): boolean => isWanted(record) || isReached(record);
  const ended = await endedTrainings(store, keepAction);
  const isOld = ({ endedAt }: EndedTraining) => checkpointDays !== undefined && Date.parse(endedAt) <= Date.now() - checkpointDays * DAY;
  const old = new Set(ended.filter(isOld).map(({ trajectory }) => trajectory));
  const found = await collectGarbage(store, {
    keepAction,
    // A training that goes on further than one that has ended may be about to read its checkpoints.
    keepTrajectory: (trajectory) => !old.has(trajectory) || isAtWork(store),
    keepArtifacts: await registeredArtifacts(ledger),
    ...(dryRun === undefined ? {} : { isDryRun: dryRun }),
  });
  const moved = dryRun ? {} : (await ledger.compact()).rows;
  const rows = Object.values(moved).reduce((sum, count) => sum + count, 0);
  return { ...found, rows, trainings: ended.map((one) => ({ ...one, goes: found.trajectories.includes(one.trajectory) })) };
}

/** Digests of all objects that some results refer to. */
function reachedBy(store: Pick<Store, 'root'>, records: readonly ActionRecord[]): Set<string> {
  const outputs = records.flatMap((record) => Object.values(record.outputs));
  // What is damaged reaches less; that is no reason to remove the rest.
  return new Set([...reachedObjects(store.root, outputs, () => {})].map(({ digest }) => digest));
}
