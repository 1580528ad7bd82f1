import { readFileSync } from 'node:fs';
import { SostenutoError } from '../../errors/problem.ts';
import type { Artifact } from '../define/ports.ts';
import type { Fingerprint } from '../fingerprint/fingerprint.ts';
import { canonicalJson, sha256 } from '../keys/keys.ts';
import type { Lease } from '../leases/leases.ts';
import { actionPath } from '../store/layout.ts';
import { isArtifact, isComplete } from '../store/references.ts';
import { errorCode } from '../store/storage-failure.ts';
import type { Store } from '../store/store.ts';
import { appendToIndex } from './action-index.ts';
import type { Machine } from './machine.ts';

export { type Machine, thisMachine } from './machine.ts';

/** What a node made and from what: an entry of the action cache, and its manifest. */
export interface ActionRecord {
  readonly format: 1;
  readonly key: string;
  readonly task: string;
  /** Node in its pipeline: with it `explain` finds the earlier actions of the same node. */
  readonly node?: string;
  readonly pipeline?: string;
  readonly params: unknown;
  /** Input name to the digest of its content. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Element of a map. */
  readonly item?: unknown;
  readonly outputs: Readonly<Record<string, Artifact>>;
  readonly code: Fingerprint;
  readonly backend?: string;
  readonly machine: Machine;
  readonly startedAt: string;
  readonly seconds: number;
  readonly attempts: number;
  /** Fencing token of the lease it was made under; 0 without one. */
  readonly token: number;
  /** Checkpoint of another trajectory that a training went on from. */
  readonly adoptedFrom?: string;
  /** Of one that saved checkpoints: under which name they lie. */
  readonly trajectory?: string;
}

/**
 * The record under a key, if all that its outputs reach is in the store with the recorded sizes (with `verify`, also with
 * the recorded digests). A damaged record counts as none: the node runs again.
 */
export async function findAction(
  store: Store,
  key: string,
  options: { readonly verify?: boolean } = {},
): Promise<ActionRecord | undefined> {
  const record = readAction(store, key);
  if (record === undefined) return undefined;
  return (await isComplete(store, Object.values(record.outputs), options)) ? record : undefined;
}

/** The record under a key as it was written, whether or not its outputs are still there; undefined if none or damaged. */
export function readAction(store: Pick<Store, 'root'>, key: string): ActionRecord | undefined {
  let text: string;
  try {
    text = readFileSync(actionPath(store.root, key), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  return parseRecord(text, key);
}

/**
 * Makes a result known under its key. The outputs must be stored before. Throws `FENCED` if a newer owner has taken the
 * lease over, checked just before the record becomes visible. Records asked for together are synced together.
 */
export async function recordAction(store: Store, record: ActionRecord, lease?: Lease): Promise<void> {
  const body = canonicalJson(record);
  const text = `{"record":${body},"sha256":"${sha256(body)}"}\n`;
  const lastCheck = (): void => {
    lease?.checkNow();
    refuseOlderToken(store, record);
  };
  await store.writer.write(actionPath(store.root, record.key), text, { after: lease?.durable, lastCheck });
  appendToIndex(store, record);
}

function refuseOlderToken(store: Store, record: ActionRecord): void {
  if (record.token === 0) return;
  const known = readAction(store, record.key);
  if (known === undefined || known.token <= record.token) return;
  throw new SostenutoError({
    code: 'FENCED',
    what: `The result of "${record.node ?? record.task}" is not recorded: a newer owner has recorded it already.`,
    where: record.key,
    found: `token ${record.token}`,
    expected: `a token not below ${known.token}`,
  });
}

function parseRecord(text: string, key: string): ActionRecord | undefined {
  // The checksum stands last, so a file that lost its end never passes.
  const end = /^\{"record":(.*),"sha256":"([0-9a-f]{64})"\}\n$/s.exec(text);
  if (end?.[1] === undefined || sha256(end[1]) !== end[2]) return undefined;
  const record: ActionRecord = JSON.parse(end[1]);
  return record.format === 1 && record.key === key && Object.values(record.outputs).every(isArtifact) ? record : undefined;
}
