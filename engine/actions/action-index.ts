import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, sha256 } from '../keys/keys.ts';
import { actionIndexPath } from '../store/layout.ts';
import { errorCode, storageFailure } from '../store/storage-failure.ts';
import type { Store } from '../store/store.ts';
import type { ActionRecord } from './actions.ts';

/** A line of `actions/index.jsonl`: the way from a node to its actions. Only for `explain`; losing lines loses no result. */
export interface IndexedAction {
  readonly task: string;
  readonly node: string;
  /** sha256 of the element's name, in a map. */
  readonly item?: string;
  readonly key: string;
  readonly startedAt: string;
}

/** Name of an element for the index: its `id` where it has one. */
export function itemName(item: unknown): string | undefined {
  if (item === undefined) return undefined;
  const id: unknown = typeof item === 'object' && item !== null && 'id' in item ? item.id : item;
  return sha256(canonicalJson(id)).slice(0, 16);
}

export function appendToIndex(store: Pick<Store, 'root'>, record: ActionRecord): void {
  const item = itemName(record.item);
  const line: IndexedAction = {
    task: record.task,
    node: record.node ?? '',
    ...(item === undefined ? {} : { item }),
    key: record.key,
    startedAt: record.startedAt,
  };
  try {
    appendFileSync(actionIndexPath(store.root), `${JSON.stringify(line)}\n`);
  } catch (error) {
    throw storageFailure(error, actionIndexPath(store.root));
  }
}

interface Read {
  text: string;
  lines: IndexedAction[];
}
const known = new Map<string, Read>();

/** Actions of a node, oldest line first. */
export function indexedActions(
  store: Pick<Store, 'root'>,
  of: { readonly task: string; readonly node: string; readonly item?: unknown },
): IndexedAction[] {
  const item = itemName(of.item);
  return readIndex(store).filter((line) => line.task === of.task && line.node === of.node && line.item === item);
}

function readIndex(store: Pick<Store, 'root'>): readonly IndexedAction[] {
  let text = '';
  try {
    text = readFileSync(actionIndexPath(store.root), 'utf8');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  const before = known.get(store.root);
  // The file only grows (a collection rewrites it): what was parsed before is not parsed again.
  const start = before !== undefined && text.startsWith(before.text) ? before : { text: '', lines: [] };
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = [...start.lines, ...whole.slice(start.text.length).split('\n').flatMap(parseLine)];
  known.set(store.root, { text: whole, lines });
  return lines;
}

function parseLine(line: string): IndexedAction[] {
  try {
    const parsed: IndexedAction = JSON.parse(line);
    return typeof parsed.key === 'string' ? [parsed] : [];
  } catch {
    return []; // A line that a dying process left unfinished.
  }
}

/** Keys of all records on disk. */
export function* actionKeys(store: Pick<Store, 'root'>): Generator<string> {
  const root = join(store.root, 'actions');
  for (const folder of readdirSync(root, { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    for (const name of readdirSync(join(root, folder.name))) if (name.endsWith('.json')) yield folder.name + name.slice(0, -'.json'.length);
  }
}
