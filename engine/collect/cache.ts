import { rmSync, statSync } from 'node:fs';
import { actionKeys } from '../actions/action-index.ts';
import { type ActionRecord, findAction, readAction } from '../actions/actions.ts';
import { actionPath, isDigest } from '../store/layout.ts';
import { hashFile, type Store } from '../store/store.ts';
import { objectFiles, rewriteIndex } from './collect.ts';

/** All results that can be read, newest first. */
export function listActions(store: Pick<Store, 'root'>): ActionRecord[] {
  const records = [...actionKeys(store)].flatMap((key) => readAction(store, key) ?? []);
  return records.sort((one, other) => (one.startedAt < other.startedAt ? 1 : -1));
}

/** Forgets results, so that their nodes run again. The objects stay until a collection. Returns the keys. */
export function removeActions(store: Pick<Store, 'root'>, isUnwanted: (record: ActionRecord) => boolean): string[] {
  const keys = listActions(store)
    .filter(isUnwanted)
    .map(({ key }) => key);
  for (const key of keys) rmSync(actionPath(store.root, key), { force: true });
  if (keys.length > 0) rewriteIndex(store);
  return keys;
}

export interface Verification {
  readonly objects: number;
  readonly bytes: number;
  /** Objects whose content is not what their name says. */
  readonly damaged: readonly string[];
  /** Files among the objects that are none. */
  readonly foreign: readonly string[];
  readonly actions: number;
  /** Results that cannot be read, or whose outputs are not all there: their nodes would run again. */
  readonly incomplete: readonly string[];
  readonly isRepaired: boolean;
}

/** Reads every object and compares it with its name. With `repair`, damaged objects and incomplete results are removed. */
export async function verifyStore(store: Store, options: { readonly repair?: boolean } = {}): Promise<Verification> {
  const files = objectFiles(store);
  const damaged: string[] = [];
  const foreign: string[] = [];
  let bytes = 0;
  for (const { name, path } of files) {
    bytes += statSync(path).size;
    if (!isDigest(name)) foreign.push(path);
    else if ((await hashFile(path)) !== name) {
      damaged.push(name);
      if (options.repair) rmSync(path);
    }
  }
  const incomplete: string[] = [];
  const keys = [...actionKeys(store)];
  for (const key of keys) {
    const isWhole = (await findAction(store, key)) !== undefined && !(await reachesAny(store, key, damaged));
    if (isWhole) continue;
    incomplete.push(key);
    if (options.repair) rmSync(actionPath(store.root, key), { force: true });
  }
  if (options.repair && incomplete.length > 0) rewriteIndex(store);
  return { objects: files.length, bytes, damaged, foreign, actions: keys.length, incomplete, isRepaired: options.repair ?? false };
}

async function reachesAny(store: Store, key: string, damaged: readonly string[]): Promise<boolean> {
  if (damaged.length === 0) return false;
  return (await findAction(store, key, { verify: true })) === undefined;
}
