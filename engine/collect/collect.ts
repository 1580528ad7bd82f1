import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { actionKeys } from '../actions/action-index.ts';
import { type ActionRecord, readAction } from '../actions/actions.ts';
import type { Artifact } from '../define/ports.ts';
import { actionIndexPath, actionPath, checkpointsPath, leasePath, objectPath, temporaryPath } from '../store/layout.ts';
import { reachedObjects } from '../store/references.ts';
import { errorCode } from '../store/storage-failure.ts';
import type { Store } from '../store/store.ts';

export interface CollectOptions {
  /** Which results stay; what they reach stays with them, references inside JSON values too. */
  readonly keepAction: (record: ActionRecord) => boolean;
  /** Which trainings' checkpoints stay. Default: all. */
  readonly keepTrajectory?: (trajectory: string) => boolean;
  /** Further roots, such as reports that were published. */
  readonly keepArtifacts?: Iterable<Artifact>;
  /** Only says what would go. */
  readonly isDryRun?: boolean;
  /** Younger objects and results stay: a run may be about to use them. Default one hour. */
  readonly graceMs?: number;
  readonly now?: () => number;
}

export interface Collection {
  readonly isDryRun: boolean;
  readonly actions: Counted;
  readonly objects: Counted;
  readonly checkpoints: Counted;
  /** The trainings whose checkpoints went, or would. */
  readonly trajectories: readonly string[];
  /** Left over by processes that died while writing. */
  readonly temporary: Counted;
  /** Bytes that were freed, or would be. */
  readonly bytes: number;
}
export interface Counted {
  readonly kept: number;
  readonly removed: number;
  readonly bytes: number;
}

/** Removes what no kept result reaches. Results go before the objects they need, so that a look-up never finds half of one. */
export async function collectGarbage(store: Store, options: CollectOptions): Promise<Collection> {
  const oldest = (options.now ?? Date.now)() - (options.graceMs ?? 3_600_000);
  const isDryRun = options.isDryRun ?? false;
  const remove = (path: string) => {
    if (!isDryRun) rmSync(path, { recursive: true, force: true });
  };

  const reached = new Set<string>();
  const walked = new Set<string>();
  // A kept result that is damaged reaches less; what it still reaches stays.
  const mark = (artifacts: Iterable<Artifact>) => {
    for (const { digest } of reachedObjects(store.root, artifacts, () => {}, walked)) reached.add(digest);
  };
  mark(options.keepArtifacts ?? []);

  const actions = sweep(
    [...actionKeys(store)].map((key) => ({ name: key, path: actionPath(store.root, key) })),
    ({ name, path }) => {
      const record = readAction(store, name);
      const isKept = changedAfter(path, oldest) || (record !== undefined && options.keepAction(record));
      if (isKept && record !== undefined) mark(Object.values(record.outputs));
      return isKept;
    },
    ({ name, path }) => {
      remove(path);
      // With its last result a key loses the tokens it gave out; one that is held is not touched.
      if (isIdle(leasePath(store.root, name))) remove(leasePath(store.root, name));
    },
  );
  if (!isDryRun && actions.removed > 0) rewriteIndex(store);
  const objects = sweep(
    objectFiles(store),
    ({ name, path }) => reached.has(name) || changedAfter(path, oldest),
    ({ path }) => remove(path),
  );
  const trajectories: string[] = [];
  const checkpoints = sweep(
    entries(join(store.root, 'checkpoints')).map((name) => ({ name, path: checkpointsPath(store.root, name) })),
    ({ name, path }) => changedAfter(path, oldest) || (options.keepTrajectory?.(name) ?? true),
    ({ name, path }) => {
      trajectories.push(name);
      remove(path);
    },
  );
  const temporary = sweep(
    entries(join(store.root, 'tmp')).map((name) => ({ name, path: join(store.root, 'tmp', name) })),
    ({ path }) => changedAfter(path, Math.min(oldest, (options.now ?? Date.now)() - 86_400_000)),
    ({ path }) => remove(path),
  );
  const bytes = actions.bytes + objects.bytes + checkpoints.bytes + temporary.bytes;
  return { isDryRun, actions, objects, checkpoints, trajectories, temporary, bytes };
}

interface Entry {
  readonly name: string;
  readonly path: string;
}

/** Decides about every entry first, then removes: what is kept by one is known before another goes. */
function sweep(all: readonly Entry[], isKept: (entry: Entry) => boolean, remove: (entry: Entry) => void): Counted {
  const dropped = all.filter((entry) => !isKept(entry));
  const bytes = dropped.reduce((sum, { path }) => sum + sizeOf(path), 0);
  for (const entry of dropped) remove(entry);
  return { kept: all.length - dropped.length, removed: dropped.length, bytes };
}

/** Every object on disk with its digest. */
export function objectFiles(store: Pick<Store, 'root'>): Entry[] {
  const root = join(store.root, 'objects');
  return entries(root).flatMap((folder) =>
    entries(join(root, folder)).map((rest) => ({ name: folder + rest, path: objectPath(store.root, folder + rest) })),
  );
}

/** Writes the index of actions anew without lines of results that are gone. */
export function rewriteIndex(store: Pick<Store, 'root'>): void {
  const path = actionIndexPath(store.root);
  const known = new Set(actionKeys(store));
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  const kept = text.split('\n').filter((line) => known.has(/"key":"([0-9a-f]{64})"/.exec(line)?.[1] ?? ''));
  const temporary = temporaryPath(store.root);
  writeFileSync(temporary, kept.map((line) => `${line}\n`).join(''));
  renameSync(temporary, path);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

const changedAfter = (path: string, moment: number): boolean => (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > moment;

/** Whether somebody holds a lease: a node runs. */
export const isAtWork = (store: Pick<Store, 'root'>): boolean =>
  entries(join(store.root, 'leases')).some((key) => !isIdle(leasePath(store.root, key)));

function isIdle(folder: string): boolean {
  return entries(folder).every((name) => {
    try {
      const grant: { until?: number; released?: boolean } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      return grant.released === true || (grant.until ?? 0) < Date.now();
    } catch {
      return false; // It is being written or tidied away right now.
    }
  });
}

function sizeOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return entries(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
  return found?.size ?? 0;
}
