import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../../engine/leases/is-alive.ts';
import { withServerLock } from '../server/lock.ts';
import { readServerRecord } from '../server/record.ts';
import { dismissServer } from '../server/temporal-server.ts';

/** One file for each process of this machine that needs the home's server. */
const folder = (home: string): string => join(home, 'sessions');
/** Process number of the server that such a process started; a server that somebody else started is never stopped here. */
const startedFile = (home: string): string => join(home, 'server-of-sessions');

/** Says that this process needs the server. Before the server is looked for, so that nobody stops it in between. */
export function arrive(home: string): void {
  arriveFor(home, process.pid);
}

/** The same for a process that was just started and has not come so far yet. */
export function arriveFor(home: string, pid: number): void {
  mkdirSync(folder(home), { recursive: true });
  writeFileSync(join(folder(home), String(pid)), '');
}

/** Remembers that the server was started on behalf of sessions. */
export function noteStartedServer(home: string): void {
  const record = readServerRecord(home);
  if (record !== undefined) writeFileSync(startedFile(home), String(record.pid));
}

/** Says that this process is done; whoever is the last one sends the server away, and doesn't wait for it. */
export async function leave(home: string): Promise<void> {
  rmSync(join(folder(home), String(process.pid)), { force: true });
  await withServerLock(home, async () => {
    if (others(home).length > 0 || startedServer(home) !== readServerRecord(home)?.pid) return;
    dismissServer(home);
    rmSync(startedFile(home), { force: true });
  });
}

/** Living processes that need the server; files of dead ones are removed. */
function others(home: string): number[] {
  const pids = readdirSync(folder(home)).map(Number).filter(Number.isSafeInteger);
  for (const pid of pids) if (!isAlive(pid)) rmSync(join(folder(home), String(pid)), { force: true });
  return pids.filter((pid) => pid !== process.pid && isAlive(pid));
}

function startedServer(home: string): number | 'none' {
  try {
    return Number(readFileSync(startedFile(home), 'utf8'));
  } catch {
    return 'none';
  }
}
