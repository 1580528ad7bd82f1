import { closeSync, fsyncSync, linkSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import { leasePath, temporaryPath } from '../store/layout.ts';
import { makeFolder } from '../store/make-folder.ts';
import { errorCode, storageFailure } from '../store/storage-failure.ts';
import type { Store } from '../store/store.ts';

/** The right to work on a key for a while. Its token is higher than that of every owner before, also after a release. */
export interface Lease {
  readonly key: string;
  readonly token: number;
  /** Moves the end `ttlMs` from now. Throws `FENCED` if someone else took over. */
  renew(): Promise<void>;
  /** Lets the next one in at once. Does nothing if someone else took over. */
  release(): Promise<void>;
  /** Throws `FENCED` if someone else took over. */
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
      if (newestToken(folder) !== token) {
        rmSync(grantPath(folder, token), { force: true });
        continue;
      }
      removeOlder(folder, token);
      return lease(store.root, key, folder, grant, options.ttlMs, now);
    }
  } catch (error) {
    throw storageFailure(error, folder);
  }
}

function lease(root: string, key: string, folder: string, grant: Grant, ttlMs: number, now: () => number): Lease {
  const { token, owner } = grant;
  const rewrite = (change: Partial<Grant>) => {
    const temporary = temporaryPath(root);
    writeFileSync(temporary, JSON.stringify({ ...grant, ...change }));
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
    checkNow,
    check: async () => checkNow(),
    renew: async () => {
      checkNow();
      rewrite({ until: now() + ttlMs });
      // Taken over in between: the rewrite may have brought an old grant back.
      removeSuperseded(folder, token);
      checkNow();
    },
    release: async () => {
      if (newestToken(folder) === token) rewrite({ released: true });
      removeSuperseded(folder, token);
    },
  };
}

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

function linkGrant(root: string, folder: string, grant: Grant): boolean {
  const temporary = temporaryPath(root);
  try {
    const file = openSync(temporary, 'wx');
    try {
      writeSync(file, JSON.stringify(grant));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    linkSync(temporary, grantPath(folder, grant.token));
    // Tokens must go on rising after a power cut too.
    const entries = openSync(folder, 'r');
    fsyncSync(entries);
    closeSync(entries);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function removeOlder(folder: string, token: number): void {
  for (const older of tokens(folder)) if (older < token) rmSync(grantPath(folder, older), { force: true });
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
