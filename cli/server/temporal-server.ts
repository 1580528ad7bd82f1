import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConnectionOptions } from '@temporalio/client';
import { withServerLock } from './lock.ts';
import { choosePorts, DEFAULT_PORTS, isFree, LOOPBACK, portInUse, waitForDying } from './ports.ts';
import { hangs, otherPorts, unreachable } from './problems.ts';
import { databaseOf, isOwnServer, readServerRecord, type ServerRecord } from './record.ts';
import { dismiss, startServer, waitForEnding } from './start-server.ts';
import { findTemporalTool } from './tool.ts';

export interface ServerOptions {
  /** Where the data lies: `server.json`, `temporal.db` and `logs/` of an own server. */
  readonly home: string;
  /** The server somebody asked for: it is used or the call fails, nothing else is started. */
  readonly address?: string;
  /** TLS and key for `address`. */
  readonly connection?: Omit<ConnectionOptions, 'address'>;
  /** Ports of an own server; when given, it must be these. Default 7233 and 8233, or the next free pair. */
  readonly port?: number;
  readonly uiPort?: number;
  /** Whether an own server stays when this process ends. */
  readonly detached: boolean;
  /** The program that starts it; default: the one that the set-up chose. */
  readonly cliPath?: string;
  readonly log?: (line: string) => void;
  /** Called when a server is being started: there is time to get ready for it. */
  readonly meanwhile?: () => void;
}

export interface TemporalServer {
  /** host:port of gRPC. */
  readonly address: string;
  readonly uiUrl?: string;
  /** Whether this call started it. */
  readonly started: boolean;
  /** Ends the server if this call started it; its runs stay in the database. */
  stop(): Promise<void>;
}

/** How long a living server may be silent. */
const PATIENCE_SECONDS = 30;
const START_TRIES = 5;

const uiUrl = (port: number): string => `http://${LOOPBACK}:${port}`;

/**
 * A server for this home, the first that answers: the address asked for, the one that was started for this home before, one at
 * the default local address (unless ports are asked for), or a new one with this home's database.
 * @throws SostenutoError `SERVER_UNREACHABLE`, `PORT_IN_USE`, `TEMPORAL_MISSING`, `SERVER_FAILED`
 */
export async function ensureServer(options: ServerOptions): Promise<TemporalServer> {
  const home = resolve(options.home);
  const { address, connection } = options;
  if (address !== undefined) {
    const { reasonOfSilence } = await import('./answers.ts');
    const silence = await reasonOfSilence(address, { milliseconds: 5000, ...(connection && { connection }) });
    if (silence !== undefined) throw unreachable(address, silence);
    return { address, started: false, stop: async () => {} };
  }
  return withServerLock(home, async () => {
    await waitForEnding(home);
    const own = await waitForOwn(home);
    if (own !== undefined && isAsAsked(own, options))
      return { address: own.address, uiUrl: uiUrl(own.uiPort), started: false, stop: async () => {} };
    if (own !== undefined) throw otherPorts(own, options);
    // A server of this home that was killed is started again: its runs are in its database.
    if (options.port === undefined && options.uiPort === undefined && readServerRecord(home) === undefined) {
      const local = `${LOOPBACK}:${DEFAULT_PORTS.server}`;
      if (!(await isFree(DEFAULT_PORTS.server)) && (await servesAt(local, 1000)))
        return { address: local, uiUrl: uiUrl(DEFAULT_PORTS.ui), started: false, stop: async () => {} };
    }
    const isNew = !existsSync(databaseOf(home));
    const record = await startOn(home, options);
    if (isNew) await keepRunsLong(record.address, options);
    const kill = (): void => void killNow(record.pid);
    if (!options.detached) process.once('exit', kill);
    const stop = async (): Promise<void> => {
      process.off('exit', kill);
      if (readServerRecord(home)?.pid === record.pid) dismiss(home, record.pid);
      await waitForEnding(home);
    };
    return { address: record.address, uiUrl: uiUrl(record.uiPort), started: true, stop };
  });
}

/** The server that was started for this home, if it still lives and answers. A stale `server.json` counts as none. */
export async function findServer(home: string): Promise<ServerRecord | undefined> {
  const record = livingRecord(resolve(home));
  return record !== undefined && (await servesAt(record.address)) ? record : undefined;
}

const livingRecord = (home: string): ServerRecord | undefined => {
  const record = readServerRecord(home);
  return record !== undefined && isOwnServer(home, record) ? record : undefined;
};

/** As `findServer`, but a living server gets time to answer: on a busy machine, or just started. A second one on its database would destroy it. */
async function waitForOwn(home: string): Promise<ServerRecord | undefined> {
  for (const limit = performance.now() + PATIENCE_SECONDS * 1000; ; ) {
    const record = livingRecord(home);
    if (record === undefined) return undefined;
    const { reasonOfSilence } = await import('./answers.ts');
    const silence = await reasonOfSilence(record.address);
    if (silence === undefined) return record;
    if (performance.now() > limit) throw hangs(home, record, `${silence}, for ${PATIENCE_SECONDS} s`);
  }
}

/** Tells the server that was started for this home to end; whoever starts the next one waits for that. @returns whether there was one */
export function dismissServer(home: string): boolean {
  const record = livingRecord(resolve(home));
  if (record === undefined) return false;
  dismiss(resolve(home), record.pid);
  return true;
}

/** The same, and waits. */
export async function stopServer(home: string): Promise<boolean> {
  const wasUp = dismissServer(home);
  await waitForEnding(resolve(home));
  return wasUp;
}

async function servesAt(address: string, milliseconds?: number): Promise<boolean> {
  const { answers } = await import('./answers.ts');
  return answers(address, milliseconds === undefined ? {} : { milliseconds });
}

/** The namespace remembers it, so that once is enough. */
async function keepRunsLong(address: string, { log }: ServerOptions): Promise<void> {
  const { keepRuns } = await import('./retention.ts');
  await keepRuns(address).catch((error: unknown) => log?.(`closed runs stay for one day only: ${String(error)}`));
}

async function startOn(home: string, options: ServerOptions): Promise<ServerRecord> {
  const tool = findTemporalTool(options.cliPath);
  const wanted = await wantedPorts(home, options);
  for (let tries = 1; ; tries++) {
    const ports = await choosePorts(wanted);
    options.log?.(`starting the Temporal server on port ${ports.port}, its UI on ${ports.uiPort} (${tool.path})`);
    const record = await startServer(home, tool.path, ports, options.meanwhile);
    if (record !== undefined) return record;
    // Somebody took the port in between: choose again.
    if (tries === START_TRIES) throw portInUse(ports.port, 'the Temporal server');
  }
}

/** What was asked for; else the ports of a server that was killed, because its workers and browsers still call there. */
async function wantedPorts(home: string, { port, uiPort }: ServerOptions): Promise<{ port?: number; uiPort?: number }> {
  const killed = port === undefined && uiPort === undefined ? readServerRecord(home) : undefined;
  const wanted = { port: port ?? Number(killed?.address.split(':').at(-1)), uiPort: uiPort ?? Number(killed?.uiPort) };
  const numbers = Object.entries(wanted).filter(([, number]) => Number.isInteger(number));
  await Promise.all(numbers.map(([, number]) => waitForDying(number)));
  const isFreeAgain = killed === undefined || (await Promise.all(numbers.map(([, number]) => isFree(number)))).every(Boolean);
  return isFreeAgain ? Object.fromEntries(numbers) : {};
}

const isAsAsked = (own: ServerRecord, { port, uiPort }: ServerOptions): boolean =>
  (port === undefined || own.address.endsWith(`:${port}`)) && (uiPort === undefined || own.uiPort === uiPort);

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It has ended already.
  }
}
