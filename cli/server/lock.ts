import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../engine/leases/is-alive.ts';

/**
 * Does something while no other process of this machine does it for the same home. A dead holder's lock is taken over.
 * Two servers on one database would destroy it.
 */
export async function withServerLock<T>(home: string, action: () => Promise<T>): Promise<T> {
  mkdirSync(home, { recursive: true });
  const path = join(home, 'server.lock');
  const own = `${path}.${process.pid}.${++locks}`;
  writeFileSync(own, `${process.pid}\n`);
  try {
    while (!tryLink(own, path)) {
      const holder = Number(readIfThere(path) ?? 0);
      if (holder > 0 && isAlive(holder)) await sleep(100);
      else rmSync(path, { force: true });
    }
  } finally {
    rmSync(own);
  }
  try {
    return await action();
  } finally {
    rmSync(path, { force: true });
  }
}

let locks = 0;

/** Unlike opening with `wx`, a link appears together with its content. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
