import { chmod, copyFile, link, mkdir, open, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import type { Checkpoint, Checkpoints } from '../define/task.ts';
import type { Lease } from '../leases/leases.ts';
import { renameInto, syncFolder } from '../store/durable-writer.ts';
import { checkpointsPath, isDigest, temporaryPath } from '../store/layout.ts';
import { storageFailure } from '../store/storage-failure.ts';
import { hashFile, type Store } from '../store/store.ts';
import { listFiles } from '../store/tree-listing.ts';
import {
  bestOf,
  type CheckpointManifest,
  checkpointFolders,
  folderName,
  listCheckpoints,
  manifestName,
  readInfos,
  readManifest,
} from './manifest.ts';

export { bestOf, type CheckpointInfo, type CheckpointManifest, listCheckpoints } from './manifest.ts';

/** Moments between which a saver may die; a test throws there. */
export type SaveStep = 'written' | 'file-synced' | 'manifest-synced' | 'renamed' | 'folder-synced' | 'older-removed';

export interface CheckpointOptions {
  /** Saves are refused (`FENCED`) once someone else holds it. */
  readonly lease?: Lease;
  /** Checkpoints up to the current step to keep, default 3; the one with the highest score stays besides. */
  readonly keep?: number;
  readonly onWarning?: (message: string) => void;
  readonly onStep?: (step: SaveStep) => void;
}

interface Until {
  readonly notAfter?: number;
}

/** Checkpoints of one trajectory: whole or absent, newest first, damaged ones stepped over. */
export function openCheckpoints(store: Pick<Store, 'root'>, trajectory: string, options: CheckpointOptions = {}): Checkpoints {
  if (!isDigest(trajectory))
    throw new SostenutoError({
      code: 'BAD_DIGEST',
      what: 'A trajectory is named by a key.',
      found: JSON.stringify(trajectory),
      expected: '64 hexadecimal digits',
    });
  const warn = options.onWarning ?? (() => {});

  async function latest({ notAfter = Number.POSITIVE_INFINITY }: Until = {}): Promise<Checkpoint | undefined> {
    return firstWhole(checkpointFolders(store, trajectory, notAfter));
  }

  async function best({ notAfter = Number.POSITIVE_INFINITY }: Until = {}): Promise<Checkpoint | undefined> {
    const scored = readInfos(checkpointFolders(store, trajectory, notAfter)).filter(({ score }) => score !== undefined);
    // Sorting is stable: of equal ones the newest comes first.
    return firstWhole(scored.sort((a, b) => (b.score ?? 0) - (a.score ?? 0)).map(({ directory }) => directory));
  }

  async function firstWhole(folders: readonly string[]): Promise<Checkpoint | undefined> {
    for (const directory of folders) {
      const manifest = await readWhole(directory, warn);
      if (manifest === undefined) continue;
      const { step, state, score } = manifest;
      return { step, directory, state, ...(score === undefined ? {} : { score }) };
    }
    return undefined;
  }

  async function save(step: number, state: unknown, write: (directory: string) => Promise<void>, score?: number): Promise<void> {
    options.lease?.checkNow();
    const temporary = temporaryPath(store.root);
    try {
      await mkdir(temporary, { recursive: true });
      await write(temporary);
      options.onStep?.('written');
      const manifest: CheckpointManifest = {
        format: 1,
        trajectory,
        step,
        state,
        ...(score === undefined || !Number.isFinite(score) ? {} : { score }),
        token: options.lease?.token ?? 0,
        savedAt: new Date().toISOString(),
        files: await sealFiles(temporary, options.onStep),
      };
      await publish(store, temporary, manifest, options);
      // Later steps belong to a training with a later end; they are not this one's to remove.
      const known = checkpointFolders(store, trajectory, step);
      const kept = new Set([...known.slice(0, options.keep ?? 3), bestOf(readInfos(known))?.directory]);
      for (const older of known) if (!kept.has(older)) await rm(older, { recursive: true, force: true });
      options.onStep?.('older-removed');
    } catch (error) {
      throw storageFailure(error, checkpointsPath(store.root, trajectory));
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  return { latest, best, save };
}

/**
 * Lets a trajectory go on from a checkpoint of another one (changed code or settings, by a person's decision). The files are
 * linked, so either may be collected without the other; the manifest names the origin. Throws `CHECKPOINT_MISSING`.
 */
export async function adoptCheckpoint(
  store: Pick<Store, 'root'>,
  fromTrajectory: string,
  step: number,
  toTrajectory: string,
  options: Pick<CheckpointOptions, 'lease'> = {},
): Promise<CheckpointManifest> {
  const known = await listCheckpoints(store, fromTrajectory);
  const wanted = known.find((checkpoint) => checkpoint.step === step);
  const manifest = wanted && (await readWhole(wanted.directory, () => {}));
  if (wanted === undefined || manifest === undefined) {
    throw new SostenutoError({
      code: 'CHECKPOINT_MISSING',
      what: `There is no whole checkpoint of step ${step} to adopt.`,
      where: checkpointsPath(store.root, fromTrajectory),
      expected:
        known.length === 0
          ? 'a trajectory with checkpoints (`sostenuto checkpoints ls`)'
          : `one of the steps ${known.map((one) => one.step).join(', ')}`,
    });
  }
  const temporary = temporaryPath(store.root);
  try {
    for (const { name } of manifest.files) {
      await mkdir(dirname(join(temporary, name)), { recursive: true });
      await link(join(wanted.directory, name), join(temporary, name)).catch(() =>
        copyFile(join(wanted.directory, name), join(temporary, name)),
      );
    }
    await mkdir(temporary, { recursive: true });
    const adopted: CheckpointManifest = {
      ...manifest,
      trajectory: toTrajectory,
      token: options.lease?.token ?? 0,
      adoptedFrom: { trajectory: fromTrajectory, step },
    };
    await publish(store, temporary, adopted, options);
    return adopted;
  } catch (error) {
    throw storageFailure(error, checkpointsPath(store.root, toTrajectory));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Syncs what was written and takes its digests. */
async function sealFiles(directory: string, onStep: CheckpointOptions['onStep']): Promise<CheckpointManifest['files']> {
  const names = (await listFiles(directory)).filter((name) => name !== manifestName);
  return Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      const file = await open(path, 'r');
      try {
        await file.sync();
        await chmod(path, 0o444);
        onStep?.('file-synced');
        return { name, digest: await hashFile(path), bytes: (await file.stat()).size };
      } finally {
        await file.close();
      }
    }),
  );
}

/** Manifest, sync, last check of the lease, rename: the moment before it there is no checkpoint, after it there is a whole one. */
async function publish(
  store: Pick<Store, 'root'>,
  temporary: string,
  manifest: CheckpointManifest,
  options: Pick<CheckpointOptions, 'lease' | 'onStep'>,
): Promise<void> {
  const file = await open(join(temporary, manifestName), 'wx', 0o444);
  try {
    await file.writeFile(`${JSON.stringify(manifest)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  const inner = new Set(manifest.files.map(({ name }) => dirname(join(temporary, name))));
  for (const folder of inner.add(temporary)) await syncFolder(folder);
  options.onStep?.('manifest-synced');
  const folder = checkpointsPath(store.root, manifest.trajectory);
  const same = checkpointFolders(store, manifest.trajectory).filter((one) =>
    basename(one).startsWith(`${folderName(manifest.step, manifest.token, 0).slice(0, -3)}`),
  );
  const target = join(folder, folderName(manifest.step, manifest.token, same.length === 0 ? 0 : countOf(same[0]) + 1));
  await options.lease?.check();
  renameInto(temporary, target);
  options.onStep?.('renamed');
  await syncFolder(folder);
  options.onStep?.('folder-synced');
  // The same owner saved the same step before: only now is that one superfluous.
  for (const one of same) await rm(one, { recursive: true, force: true });
}

const countOf = (folder: string | undefined): number => Number(folder?.slice(folder.lastIndexOf('.') + 1) ?? 0);

/** The manifest if every file has its digest; else undefined, after a warning. */
async function readWhole(directory: string, warn: (message: string) => void): Promise<CheckpointManifest | undefined> {
  try {
    const manifest = readManifest(directory);
    for (const { name, digest } of manifest.files) {
      const found = await hashFile(join(directory, name));
      if (found !== digest) throw new Error(`${name} has sha256 ${found.slice(0, 12)}, the manifest says ${digest.slice(0, 12)}`);
    }
    return manifest;
  } catch (error) {
    warn(`Checkpoint ${directory} is damaged and is skipped: ${error instanceof Error ? error.message : String(error)}.`);
    return undefined;
  }
}
