import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Queue } from '../../engine/define/task.ts';
import { isAlive } from '../../engine/leases/is-alive.ts';

/** A worker shows itself at least this often; who was silent for longer is gone. */
export const freshMs = 70_000;
const showEveryMs = 20_000;

interface Entry {
  readonly host: string;
  readonly pid: number;
  readonly taskQueue: string;
  readonly queues: readonly Queue[];
}

const folder = (home: string): string => join(home, 'workers');
let signedIn = 0;

/**
 * Says in the home that this process works on some queues, until the function that it returns is called. The server alone can't tell:
 * it forgets after five minutes who hasn't asked for work, as a worker doesn't whose slots are taken by long trainings.
 */
export function signIn(home: string, taskQueue: string, queues: readonly Queue[]): () => void {
  const entry: Entry = { host: hostname(), pid: process.pid, taskQueue, queues };
  const file = join(folder(home), `${entry.host}-${entry.pid}-${signedIn++}.json`);
  mkdirSync(folder(home), { recursive: true });
  writeFileSync(file, JSON.stringify(entry));
  // Written again, not touched: it comes back if somebody cleared the folder.
  const show = () => void writeFile(file, JSON.stringify(entry)).catch(() => undefined);
  const showing = setInterval(show, showEveryMs);
  showing.unref();
  return () => {
    clearInterval(showing);
    rmSync(file, { force: true });
  };
}

/** Queues that somebody works on. Files of processes that died on this machine are removed. */
export function onDuty(home: string, taskQueue: string): Set<Queue> {
  const queues = new Set<Queue>();
  for (const file of filesOf(home)) {
    const entry = readEntry(file);
    if (!entry) continue;
    const here = entry.host === hostname();
    if (here && !isAlive(entry.pid)) rmSync(file, { force: true });
    else if (entry.taskQueue === taskQueue && (here || isFresh(file))) for (const queue of entry.queues) queues.add(queue);
  }
  return queues;
}

function filesOf(home: string): string[] {
  try {
    return readdirSync(folder(home)).map((name) => join(folder(home), name));
  } catch {
    return [];
  }
}

/** Nothing if the worker has just left. */
function readEntry(file: string): Entry | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

const isFresh = (file: string): boolean => Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) < freshMs;
