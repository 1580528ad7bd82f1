import type { ConnectionOptions } from '@temporalio/client';
import type { RunClient } from '../../activities/client/run-client.ts';
import { isAlive } from '../../engine/leases/is-alive.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { openStore } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';
import type { Config } from '../config/config.ts';
import { say } from '../output.ts';
import { choosePorts, DEFAULT_PORTS, isFree, LOOPBACK, ownerOf } from '../server/ports.ts';
import { unreachable } from '../server/problems.ts';
import { databaseOf, isOwnServer, readEndingRecord, readServerRecord } from '../server/record.ts';
import { ensureServer, findServer, type TemporalServer } from '../server/temporal-server.ts';
import { arrive, leave, noteStartedServer } from './presence.ts';

/** A connection to the server of a home, with the store and ledger beside it. */
export interface Session extends RunClient {
  readonly config: Config;
  readonly address: string;
  /** Of a server on this machine. */
  readonly uiUrl?: string;
  close(): Promise<void>;
}

/**
 * A server that is up, or one that is started; it stays for as long as any session of this machine needs it.
 * @param meanwhile called when a server is being started: there is time to get ready for it
 */
export async function openSession(config: Config, meanwhile?: () => void): Promise<Session> {
  const { home } = config;
  arrive(home);
  try {
    const server = await serverFor(config, meanwhile);
    if (server.started) noteStartedServer(home);
    return await connect(config, server.address, server.uiUrl, () => leave(home));
  } catch (error) {
    await leave(home);
    throw error;
  }
}

async function serverFor(config: Config, meanwhile?: () => void): Promise<TemporalServer> {
  const { home, temporal, ports } = config;
  const { address, cliPath } = temporal;
  for (let attempt = 1; ; attempt++) {
    try {
      return await ensureServer({
        home,
        detached: true,
        log: say,
        ...(meanwhile === undefined ? {} : { meanwhile }),
        connection: connectionOptions(config),
        ...(address === undefined ? {} : { address }),
        ...(cliPath === undefined ? {} : { cliPath }),
        ...(await portsFor(config)),
      });
    } catch (error) {
      // Another home may have taken the port that was chosen here a moment ago.
      const isTaken =
        error instanceof SostenutoError && error.code === 'PORT_IN_USE' && ports.server === undefined && ports.ui === undefined;
      if (!isTaken || attempt === 5) throw error;
    }
  }
}

/** The ports that were asked for; others than the usual ones if these belong to another home, whose commands may end its server at any time. */
async function portsFor({ home, ports, temporal }: Config): Promise<{ port?: number; uiPort?: number }> {
  const asked = { ...(ports.server === undefined ? {} : { port: ports.server }), ...(ports.ui === undefined ? {} : { uiPort: ports.ui }) };
  const isFreeToChoose = temporal.address === undefined && ports.server === undefined && ports.ui === undefined;
  if (!isFreeToChoose || !isOfAnotherHome(home) || (await findServer(home)) !== undefined) return asked;
  return choosePorts({});
}

/** Whether the usual local address is served by the server of another home. */
function isOfAnotherHome(home: string): boolean {
  const command = ownerOf(DEFAULT_PORTS.server)?.command ?? '';
  return /--db-filename \S*\btemporal\.db\b/.test(command) && !command.includes(databaseOf(home));
}

/** Starts this home's server again, on the same ports, if it has died. A server that somebody else looks after is left alone. */
export async function reviveServer({ config, address, uiUrl }: Session, warn: (line: string) => void): Promise<void> {
  if (config.temporal.address !== undefined || uiUrl === undefined) return;
  const { answers } = await import('../server/answers.ts');
  if (await answers(address, { milliseconds: 3000 })) return;
  const record = readServerRecord(config.home);
  if (record === undefined || isAlive(record.pid)) return;
  warn('The Temporal server has ended unexpectedly; starting it again.');
  const { home, temporal } = config;
  const port = Number(address.split(':').at(-1));
  const { cliPath } = temporal;
  const server = await ensureServer({
    home,
    detached: true,
    port,
    uiPort: Number(new URL(uiUrl).port),
    ...(cliPath === undefined ? {} : { cliPath }),
  });
  if (server.started) noteStartedServer(home);
}

/** The server that is up, the one that `openSession` would use; undefined if there is none. Nothing is started. */
export async function findSession(config: Config): Promise<Session | undefined> {
  if (config.temporal.address !== undefined) return connect(config, config.temporal.address, undefined, async () => {});
  const record = await findServer(config.home);
  if (record !== undefined) return connect(config, record.address, uiAt(record.uiPort), async () => {});
  const local = `${LOOPBACK}:${DEFAULT_PORTS.server}`;
  const ending = readEndingRecord(config.home);
  const isEnding = ending !== undefined && isOwnServer(config.home, ending);
  const mayBeShared = config.ports.server === undefined && config.ports.ui === undefined && !isEnding && !isOfAnotherHome(config.home);
  if (!mayBeShared || (await isFree(DEFAULT_PORTS.server))) return undefined;
  const { answers } = await import('../server/answers.ts');
  return (await answers(local, { milliseconds: 1000 })) ? connect(config, local, uiAt(DEFAULT_PORTS.ui), async () => {}) : undefined;
}

const uiAt = (port: number): string => `http://${LOOPBACK}:${port}`;

/** @throws SostenutoError `NO_SERVER` */
export async function getSession(config: Config): Promise<Session> {
  const session = await findSession(config);
  if (session !== undefined) return session;
  throw new SostenutoError({
    code: 'NO_SERVER',
    what: 'No Temporal server is up for this home.',
    where: config.home,
    hint: 'start one with `sostenuto up`, or name one with TEMPORAL_ADDRESS',
  });
}

/** The same TLS and key for client and worker; the worker's type knows a few fields more. */
const connectionOptions = ({ temporal }: Config): Omit<ConnectionOptions, 'address'> =>
  temporal.connection as Omit<ConnectionOptions, 'address'>;

async function connect(config: Config, address: string, uiUrl: string | undefined, done: () => Promise<void>): Promise<Session> {
  const { Client, Connection } = await import('@temporalio/client');
  const connection = await Connection.connect({ ...connectionOptions(config), address, connectTimeout: '5s' }).catch((error: unknown) => {
    throw unreachable(address, error instanceof Error ? error.message : String(error), error);
  });
  const ledger = openLedger(config.home);
  return {
    config,
    address,
    ...(uiUrl === undefined ? {} : { uiUrl }),
    client: new Client({ connection, namespace: config.temporal.namespace }),
    store: await openStore(config.home),
    ledger,
    async close() {
      await ledger.close();
      await connection.close();
      await done();
    },
  };
}
