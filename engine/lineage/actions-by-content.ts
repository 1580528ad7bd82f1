import type { ActionRecord } from '../actions/actions.ts';
import { listActions } from '../collect/cache.ts';
import { reachedObjects } from '../store/references.ts';
import type { Store } from '../store/store.ts';

/** Every recorded action, found by what it made and by what it read. */
export interface ActionsByContent {
  readonly store: Pick<Store, 'root'>;
  /** Newest first; elements of maps are among them. */
  readonly all: readonly ActionRecord[];
  readonly byKey: ReadonlyMap<string, ActionRecord>;
  /** By digest of an output. */
  readonly makers: ReadonlyMap<string, readonly ActionRecord[]>;
  /** By digest of an input. */
  readonly users: ReadonlyMap<string, readonly ActionRecord[]>;
}

export function readActionsByContent(store: Pick<Store, 'root'>): ActionsByContent {
  const all = listActions(store);
  const group = (digestsOf: (record: ActionRecord) => readonly string[]): Map<string, ActionRecord[]> => {
    const groups = new Map<string, ActionRecord[]>();
    for (const record of all)
      for (const digest of new Set(digestsOf(record))) {
        const known = groups.get(digest);
        if (known === undefined) groups.set(digest, [record]);
        else known.push(record);
      }
    return groups;
  };
  return {
    store,
    all,
    byKey: new Map(all.map((record) => [record.key, record])),
    makers: group(({ outputs }) => Object.values(outputs).map(({ digest }) => digest)),
    users: group(({ inputs }) => Object.values(inputs)),
  };
}

/** An output that holds a file: a tree with it among its files, or a value that refers to it. */
export interface Holder {
  readonly record: ActionRecord;
  readonly output: string;
  readonly digest: string;
}

/** The newest output that reaches an object, when no output is that object itself. Elements of maps come before the lists of them. */
export function holderOf({ store, all }: ActionsByContent, digest: string): Holder | undefined {
  for (const record of [...all.filter(({ item }) => item !== undefined), ...all.filter(({ item }) => item === undefined)])
    for (const [output, artifact] of Object.entries(record.outputs))
      for (const reached of reachedObjects(store.root, [artifact], () => undefined))
        if (reached.digest === digest) return { record, output, digest: artifact.digest };
  return undefined;
}
