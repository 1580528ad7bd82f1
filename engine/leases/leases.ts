import { closeSync, linkSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import { syncFolder } from '../store/durable-writer.ts';
import { leasePath, temporaryPath } from '../store/layout.ts';
import { makeFolder } from '../store/make-folder.ts';
import { errorCode, storageFailure } from '../store/storage-failure.ts';
import type { Store } from '../store/store.ts';

/** The right to work on a key for a while. Its token is higher than that of every owner before, also after a release. */
export interface Lease {
  readonly key: string;
  readonly token: number;
  /**
   * Resolves when the grant has reached the disk. Nothing may be published under the lease before, or after a power cut the same token could be
   * given again. Work may begin at once: short work waits for the disk once, for its grant and its result.
   */
  durable(): Promise<void>;
  /** Moves the end `ttlMs` from now. Throws `FENCED` if someone else took over. */
  renew(): Promise<void>;
  /** Lets the next one in at once. Does nothing if someone else took over. */
  release(): Promise<void>;
  /** Waits for `durable`; throws `FENCED` if someone else took over. */
  check(): Promise<void>;
  /** `check` without giving way to anything else; called just before a result becomes visible. */
  checkNow(): void;
}
export interface LeaseOptions {
  /** How others name the holder. */
  readonly owner: string;
  readonly ttlMs: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** True for a holder that is known to be gone: it is fenced off without waiting for its time to run out. */
  readonly isOver?: (owner: string) => boolean;
}
export interface Held {
  readonly heldBy: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Content of `leases/<key>/<token>.json`. The highest token is the owner. */
interface Grant {
  readonly owner: string;
  readonly token: number;
  readonly until: number;
  readonly released: boolean;
}

/** The grant of work that takes longer is synced by itself. */
const syncAfterMs = 100;

/**
 * Takes the lease of a key, or tells who holds it. Works between processes on one filesystem: a grant is a file that is linked
 * into place, which only one process can do for a token. A lease that has run out is taken over; its owner is fenced off
 * from then on, because every save checks that its token is still the highest.
 */
export async function acquireLease(store: Pick<Store, 'root'>, key: string, options: LeaseOptions): Promise<Lease | Held> {
  const now = options.now ?? Date.now;
  const folder = leasePath(store.root, checkedKey(key));
  try {
    makeFolder(folder);
    for (;;) {
      const newest = newestGrant(folder);
      const isHeld = newest !== undefined && !newest.released && newest.until > now();
      if (isHeld && !options.isOver?.(newest.owner)) return { heldBy: newest.owner, until: newest.until };
      const token = (newest?.token ?? 0) + 1;
      const grant: Grant = { owner: options.owner, token, until: now() + options.ttlMs, released: false };
      if (!linkGrant(store.root, folder, grant)) continue;
      // Whoever listed the folder long ago may have linked a token that was used and tidied away since: the highest one wins.
      const all = tokens(folder);
      if (all.some((other) => other > token)) {
        rmSync(grantPath(folder, token), { force: true });
        continue;
      }
      for (const older of all) if (older < token) rmSync(grantPath(folder, older), { force: true });
      return lease(store.root, key, folder, grant, options.ttlMs, now);
    }
  } catch (error) {
    throw storageFailure(error, folder);
  }
}

function lease(root: string, key: string, folder: string, grant: Grant, ttlMs: number, now: () => number): Lease {
  const { token, owner } = grant;
  let synced: Promise<void> | undefined;
  // Tokens are the names in the folder. They must go on rising after a power cut too.
  const durable = (): Promise<void> => {
    synced ??= syncFolder(folder).catch((error: unknown) => {
      throw storageFailure(error, folder);
    });
    return synced;
  };
  // Whoever publishes hears of a failure; an owner who publishes nothing needn't.
  const soon = setTimeout(() => void durable().catch(() => undefined), syncAfterMs).unref();
  const rewrite = (change: Partial<Grant>) => {
    const temporary = temporaryPath(root);
    writeFileSync(temporary, textOf({ ...grant, ...change }));
    renameSync(temporary, grantPath(folder, token));
  };
  const checkNow = () => {
    const highest = newestToken(folder);
    if (highest === token) return;
    const taker = newestGrant(folder);
    throw new SostenutoError({
      code: 'FENCED',
      what: `"${owner}" no longer holds the lease; nothing of it is saved.`,
      where: key,
      found: `token ${token}`,
      expected: taker === undefined ? `token ${token} to be the newest` : `token ${highest}, held by "${taker.owner}"`,
    });
  };
  return {
    key,
    token,
    durable,
    checkNow,
    check: async () => {
      await durable();
      checkNow();
    },
    renew: async () => {
      checkNow();
      rewrite({ until: now() + ttlMs });
      // Taken over in between: the rewrite may have brought an old grant back.
      removeSuperseded(folder, token);
      checkNow();
    },
    release: async () => {
      clearTimeout(soon);
      markReleased(grantPath(folder, token), grant);
    },
  };
}

/** Of the same length whether it is released or not. */
const textOf = (grant: Grant): string => JSON.stringify(grant) + (grant.released ? ' ' : '');
const grantPath = (folder: string, token: number): string => join(folder, `${String(token).padStart(12, '0')}.json`);

function tokens(folder: string): number[] {
  return readdirSync(folder).map((name) => Number.parseInt(name, 10));
}
const newestToken = (folder: string): number => Math.max(0, ...tokens(folder));

function newestGrant(folder: string): Grant | undefined {
  for (;;) {
    const token = newestToken(folder);
    if (token === 0) return undefined;
    try {
      return JSON.parse(readFileSync(grantPath(folder, token), 'utf8'));
    } catch (error) {
      // Tidied away by a newer owner between the two calls: look again. A grant cut short by a power loss has run out.
      if (error instanceof SyntaxError) return { owner: 'unknown', token, until: 0, released: true };
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
}

/** Puts a grant into its place, whole, unless the token is taken. */
function linkGrant(root: string, folder: string, grant: Grant): boolean {
  const temporary = temporaryPath(root);
  try {
    writeFileSync(temporary, textOf(grant), { flag: 'wx' });
    linkSync(temporary, grantPath(folder, grant.token));
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** In its place, which costs less than a new file: whoever reads it half-way takes it for one that has run out, which it has. */
function markReleased(path: string, grant: Grant): void {
  try {
    const file = openSync(path, 'r+');
    try {
      writeSync(file, textOf({ ...grant, released: true }), 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    // Somebody took over and tidied it away.
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

function removeSuperseded(folder: string, token: number): void {
  if (newestToken(folder) > token) rmSync(grantPath(folder, token), { force: true });
}

function checkedKey(key: string): string {
  if (/^[\w][\w.-]{0,199}$/.test(key)) return key;
  throw new SostenutoError({
    code: 'BAD_LEASE_KEY',
    what: 'A lease needs a plain name.',
    found: JSON.stringify(key),
    expected: 'letters, digits, "-", "_" and ".", at most 200',
  });
}
