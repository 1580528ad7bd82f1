import { join } from 'node:path';

/** Where things lie under the store's root. */
export const storeFolders = ['objects', 'actions', 'checkpoints', 'leases', 'tmp'] as const;

export const isDigest = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);

/** 256 folders by the first two digits keep every folder small. */
export const objectPath = (root: string, digest: string): string => join(root, 'objects', digest.slice(0, 2), digest.slice(2));
export const actionPath = (root: string, key: string): string => join(root, 'actions', key.slice(0, 2), `${key.slice(2)}.json`);
export const actionIndexPath = (root: string): string => join(root, 'actions', 'index.jsonl');
export const checkpointsPath = (root: string, trajectory: string): string => join(root, 'checkpoints', trajectory);
export const leasePath = (root: string, key: string): string => join(root, 'leases', key);

let counter = 0;
/** A path for a file or folder that is being written; same filesystem as the store, unique across processes. */
export const temporaryPath = (root: string): string =>
  join(root, 'tmp', `${process.pid}-${Date.now().toString(36)}-${(counter++).toString(36)}-${process.hrtime.bigint().toString(36)}`);
