import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointsPath, isDigest } from '../store/layout.ts';
import { errorCode } from '../store/storage-failure.ts';
import type { Store } from '../store/store.ts';
import { isSafeName } from '../store/tree-listing.ts';

export const manifestName = 'manifest.json';

/** `manifest.json` of a checkpoint: what was saved, by whom, and the digests that say whether it is whole. */
export interface CheckpointManifest {
  readonly format: 1;
  readonly trajectory: string;
  readonly step: number;
  readonly state: unknown;
  /** How good it is, by whatever the saver measures; higher is better. */
  readonly score?: number;
  /** Fencing token of the saver; 0 without a lease. */
  readonly token: number;
  readonly savedAt: string;
  readonly files: readonly { readonly name: string; readonly digest: string; readonly bytes: number }[];
  readonly adoptedFrom?: { readonly trajectory: string; readonly step: number };
}

export interface CheckpointInfo extends CheckpointManifest {
  readonly directory: string;
  readonly bytes: number;
}

/** Sorts by step, then by token, then by the count of saves of that step. */
export const folderName = (step: number, token: number, count: number): string =>
  `${String(step).padStart(12, '0')}.${String(token).padStart(6, '0')}.${String(count).padStart(3, '0')}`;

/** Folders of a trajectory's checkpoints up to a step, newest first, whole or not. */
export function checkpointFolders(store: Pick<Store, 'root'>, trajectory: string, notAfter = Number.POSITIVE_INFINITY): string[] {
  const root = checkpointsPath(store.root, trajectory);
  return listFolder(root)
    .filter((name) => /^\d{12,}\.\d{6,}\.\d{3,}$/.test(name) && Number.parseInt(name, 10) <= notAfter)
    .sort()
    .reverse()
    .map((name) => join(root, name));
}

/** Manifest of a folder; throws if it is missing or not one. */
export function readManifest(directory: string): CheckpointManifest {
  const manifest: CheckpointManifest = JSON.parse(readFileSync(join(directory, manifestName), 'utf8'));
  const isWhole = manifest.format === 1 && Number.isSafeInteger(manifest.step) && Array.isArray(manifest.files);
  if (!isWhole || !manifest.files.every(({ name, digest }) => isSafeName(name) && isDigest(digest)))
    throw new Error('the manifest is not one');
  return manifest;
}

/** Checkpoints on disk, by trajectory, newest first; folders without a readable manifest are left out. */
export async function listCheckpoints(store: Pick<Store, 'root'>, trajectory?: string): Promise<CheckpointInfo[]> {
  const trajectories = trajectory === undefined ? listFolder(join(store.root, 'checkpoints')).sort() : [trajectory];
  return trajectories.flatMap((one) => readInfos(checkpointFolders(store, one)));
}

/** What the folders hold; those without a readable manifest are left out. */
export function readInfos(folders: readonly string[]): CheckpointInfo[] {
  return folders.flatMap((directory) => {
    try {
      const manifest = readManifest(directory);
      return [{ ...manifest, directory, bytes: manifest.files.reduce((sum, file) => sum + file.bytes, 0) }];
    } catch {
      return [];
    }
  });
}

/** The one with the highest score; of equal ones the first, so that of a list from the newest on it is the newest. */
export function bestOf<C extends { readonly score?: number }>(checkpoints: readonly C[]): C | undefined {
  return checkpoints.reduce<C | undefined>((best, one) => ((one.score ?? -Infinity) > (best?.score ?? -Infinity) ? one : best), undefined);
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
