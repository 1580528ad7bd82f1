import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SostenutoError } from '../../errors/problem.ts';
import { serverArguments } from './flags.ts';
import { isFree, LOOPBACK, type PortPair, whenListening } from './ports.ts';
import { isOwnServer, noteEnding, readEndingRecord, removeEndingRecord, type ServerRecord, writeServerRecord } from './record.ts';

/** A first start on a slow disk creates the database's tables. */
const START_SECONDS = 60;
const STOP_SECONDS = 10;

/**
 * Starts a server in a session of its own, so that Ctrl-C in the terminal reaches the workers first, and waits until it answers.
 * @param meanwhile called as soon as the process is started
 * @returns its record, or undefined if another program took a port at the same moment
 * @throws SostenutoError `SERVER_FAILED` with the end of its log
 */
export async function startServer(
  home: string,
  tool: string,
  ports: PortPair,
  meanwhile: () => void = () => {},
): Promise<ServerRecord | undefined> {
  const logs = join(home, 'logs');
  mkdirSync(logs, { recursive: true });
  const path = join(logs, 'temporal.log');
  const log = openSync(path, 'a');
  const before = statSync(path).size;
  const child = spawn(tool, serverArguments(home, ports), { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  meanwhile();
  const failed = once(child, 'error').then(([error]: unknown[]) => error);
  const address = `${LOOPBACK}:${ports.port}`;
  const limit = performance.now() + START_SECONDS * 1000;
  try {
    while (performance.now() < limit) {
      const error = await Promise.race([failed, whenListening(ports.port, 100)]);
      if (error !== undefined || hasEnded(child)) {
        // The other may have gone again by now, as a server that was just killed: its log tells.
        const wasTaken = /address already in use/.test(saidSince(path, before));
        if (wasTaken || !((await isFree(ports.port)) && (await isFree(ports.uiPort)))) return undefined;
        throw serverFailed(path, before, error ?? `it ended with ${child.signalCode ?? `code ${child.exitCode}`}`);
      }
      if (child.pid !== undefined && (await isServing(address)) && !hasEnded(child)) {
        const record = { address, uiPort: ports.uiPort, pid: child.pid, startedAt: new Date().toISOString() };
        writeServerRecord(home, record);
        child.unref();
        return record;
      }
    }
    throw serverFailed(path, before, `no answer at ${address} for ${START_SECONDS} s`);
  } catch (error) {
    if (!hasEnded(child)) child.kill('SIGKILL');
    throw error;
  }
}

/** Asked for late: it brings a library that is loaded while the server starts. */
async function isServing(address: string): Promise<boolean> {
  const { answers } = await import('./answers.ts');
  return answers(address, { milliseconds: 1000 });
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

const saidSince = (log: string, from: number): string => readFileSync(log).subarray(from).toString('utf8').trim();

function serverFailed(log: string, from: number, reason: unknown): SostenutoError {
  const said = saidSince(log, from).split('\n').slice(-3).join(' | ').slice(-500);
  const why = reason instanceof Error ? reason.message : String(reason);
  return new SostenutoError({
    code: 'SERVER_FAILED',
    what: 'The Temporal server did not start.',
    where: log,
    found: said === '' ? why : `${why}: ${said}`,
    hint: 'read the log; if the database is damaged, move temporal.db* away: finished results stay, only the list of runs is lost',
  });
}

/** Tells a home's server to end, which takes it a second or two. Runs stay in its database. */
export function dismiss(home: string, pid: number): void {
  noteEnding(home);
  signal(pid, 'SIGTERM');
}

/** Waits for a server that was told to end, and insists if it does not. */
export async function waitForEnding(home: string): Promise<void> {
  const ending = readEndingRecord(home);
  if (ending === undefined) return;
  for (const limit = performance.now() + STOP_SECONDS * 1000; isOwnServer(home, ending); await sleep(20)) {
    if (performance.now() > limit) signal(ending.pid, 'SIGKILL');
  }
  removeEndingRecord(home);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in the meantime.
  }
}
