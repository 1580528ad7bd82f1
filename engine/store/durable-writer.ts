import { closeSync, fsync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { temporaryPath } from './layout.ts';
import { makeFolder } from './make-folder.ts';
import { storageFailure } from './storage-failure.ts';

/** Names of the moments between which a process may die; a test throws there. */
export type WriteStep = 'opened' | 'written' | 'synced' | 'renamed' | 'folder-synced';
export type StepHook = (step: WriteStep, path: string) => void;

interface Pending {
  readonly path: string;
  readonly content: Uint8Array | string;
  readonly condition: PublishCondition;
  readonly done: () => void;
  readonly failed: (reason: unknown) => void;
}
interface Written {
  readonly pending: Pending;
  readonly temporary: string;
  readonly file: number;
}

/** What has to hold before a file becomes visible. */
export interface PublishCondition {
  /** Begins when the file is being synced, and is waited for together with that. */
  readonly after?: (() => Promise<unknown>) | undefined;
  /** Runs just before, and may throw to forbid it. */
  readonly lastCheck?: () => void;
}

/**
 * Writes small files whole or not at all: temporary file, fsync, rename, fsync of the folder. Files that are asked for
 * while others are being synced form the next group, and a group is synced together: the disk's wait is shared.
 */
export class DurableWriter {
  readonly #root: string;
  readonly #onStep: StepHook;
  #waiting: Pending[] = [];
  #isWriting = false;

  constructor(root: string, onStep: StepHook = () => {}) {
    this.#root = root;
    this.#onStep = onStep;
  }

  /** Resolves when the file is safe on disk. */
  write(path: string, content: Uint8Array | string, condition: PublishCondition = {}): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ path, content, condition, done, failed });
      if (this.#isWriting) return;
      this.#isWriting = true;
      setImmediate(() => void this.#writeGroups());
    });
  }

  async #writeGroups(): Promise<void> {
    while (this.#waiting.length > 0) {
      // A bounded group keeps few files open and lets the event loop breathe.
      const group = this.#waiting.splice(0, 256);
      await this.#writeGroup(group);
    }
    this.#isWriting = false;
  }

  async #writeGroup(group: readonly Pending[]): Promise<void> {
    const written = group
      .map((pending) => this.#attempt(pending, () => this.#writeTemporary(pending)))
      .filter((file) => file !== undefined);
    const synced = await Promise.all(written.map((file) => this.#sync(file)));
    const renamed = synced
      .filter((file) => file !== undefined)
      .filter((file) => this.#attempt(file.pending, () => this.#publish(file)) !== undefined);
    const folders = new Set(renamed.map(({ pending }) => dirname(pending.path)));
    const failures = new Map<string, unknown>();
    await Promise.all([...folders].map((folder) => syncFolder(folder).catch((error) => failures.set(folder, error))));
    for (const { pending } of renamed) {
      const failure = failures.get(dirname(pending.path));
      if (failure !== undefined) pending.failed(storageFailure(failure, pending.path));
      else this.#attempt(pending, () => this.#onStep('folder-synced', pending.path), pending.done);
    }
  }

  #writeTemporary(pending: Pending): Written {
    const temporary = temporaryPath(this.#root);
    const file = openSync(temporary, 'wx', 0o444);
    try {
      this.#onStep('opened', pending.path);
      const bytes = typeof pending.content === 'string' ? Buffer.from(pending.content) : pending.content;
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      this.#onStep('written', pending.path);
      return { pending, temporary, file };
    } catch (error) {
      discard(file, temporary);
      throw error;
    }
  }

  async #sync(written: Written): Promise<Written | undefined> {
    try {
      const synced = new Promise<void>((done, failed) => fsync(written.file, (error) => (error ? failed(error) : done())));
      const [own, other] = await Promise.allSettled([synced, written.pending.condition.after?.()]);
      if (own.status === 'rejected') throw own.reason;
      if (other.status === 'rejected') throw other.reason;
      this.#onStep('synced', written.pending.path);
      return written;
    } catch (error) {
      discard(written.file, written.temporary);
      written.pending.failed(storageFailure(error, written.pending.path));
      return undefined;
    }
  }

  #publish({ pending, temporary, file }: Written): true {
    closeSync(file);
    try {
      pending.condition.lastCheck?.();
      renameInto(temporary, pending.path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    this.#onStep('renamed', pending.path);
    return true;
  }

  #attempt<T>(pending: Pending, step: () => T, then?: () => void): T | undefined {
    try {
      const value = step();
      then?.();
      return value;
    } catch (error) {
      pending.failed(storageFailure(error, pending.path));
      return undefined;
    }
  }
}

function discard(file: number, temporary: string): void {
  closeSync(file);
  rmSync(temporary, { force: true });
}

/** Renames, making the folder first if it is not there yet. */
export function renameInto(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    makeFolder(dirname(to));
    renameSync(from, to);
  }
}

/** Makes a rename inside the folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = openSync(folder, 'r');
  try {
    await new Promise<void>((done, failed) => fsync(handle, (error) => (error ? failed(error) : done())));
  } finally {
    closeSync(handle);
  }
}
