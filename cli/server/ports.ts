import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SostenutoError } from '../../errors/problem.ts';

export const LOOPBACK = '127.0.0.1';
/** Temporal's own defaults: gRPC and web UI. */
export const DEFAULT_PORTS = { server: 7233, ui: 8233 } as const;
/** How many pairs after the default one are tried. */
const PAIRS = 100;
const DYING_SECONDS = 5;

/** Whether nobody listens on the port of the loopback address. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: LOOPBACK, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Resolves when somebody listens on the port of the loopback address, or when the time is over. */
export async function whenListening(port: number, milliseconds: number): Promise<void> {
  for (const limit = performance.now() + milliseconds; performance.now() < limit; await sleep(10)) {
    const socket = connect({ port, host: LOOPBACK });
    const isOpen = await new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)));
    socket.destroy();
    if (isOpen) return;
  }
}

export interface PortOwner {
  readonly pid: number;
  /** Its command line; empty if it belongs to somebody else. */
  readonly command: string;
}

/** The process that listens on a port, if this machine tells. */
export function ownerOf(port: number): PortOwner | undefined {
  const pid = process.platform === 'linux' ? linuxListener(port) : lsofListener(port);
  return pid === undefined ? undefined : { pid, command: commandOf(pid) };
}

/** Command line of a process; empty when it is gone or cannot be read. */
export function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

/** Which process holds the listening socket, by the kernel's tables: `ss` and `lsof` are often absent. */
function linuxListener(port: number): number | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => {
    try {
      return readFileSync(path, 'utf8').split('\n').slice(1);
    } catch {
      return [];
    }
  });
  const rows = tables.map((line) => line.trim().split(/\s+/));
  const inodes = rows.filter((row) => row[1]?.endsWith(`:${hex}`) && row[3] === '0A').map((row) => `socket:[${row[9]}]`);
  if (inodes.length === 0) return undefined;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).find((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.includes(readlinkSync(`/proc/${pid}/fd/${fd}`)));
    } catch {
      return false; // ended, or somebody else's
    }
  });
}

function lsofListener(port: number): number | undefined {
  try {
    const options = ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fp'];
    const output = execFileSync('lsof', options, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const pid = Number(/^p(\d+)/m.exec(output)?.[1]);
    return Number.isInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** A server that was killed holds its port for a moment longer; a port without a living owner becomes free. */
export async function waitForDying(port: number, free: (port: number) => Promise<boolean> = isFree): Promise<void> {
  for (const limit = performance.now() + DYING_SECONDS * 1000; performance.now() < limit; await sleep(50)) {
    if ((await free(port)) || ownerOf(port)?.command) return;
  }
}

/** An error that names who has the port. */
export function portInUse(port: number, purpose: string): SostenutoError {
  const owner = ownerOf(port);
  return new SostenutoError(
    {
      code: 'PORT_IN_USE',
      what: `Port ${port} for ${purpose} is in use.`,
      where: `${LOOPBACK}:${port}`,
      found: owner ? `process ${owner.pid}${owner.command ? ` (${owner.command.slice(0, 120)})` : ''}` : 'a process of somebody else',
      hint: 'end it, or choose another port, or leave the port out: then the next free one is taken',
    },
    { retryable: true },
  );
}

export interface PortPair {
  readonly port: number;
  readonly uiPort: number;
}

/**
 * The pair to start on: what was asked for, which must be free, else the first free pair from the defaults upwards.
 * @throws SostenutoError `PORT_IN_USE`
 */
export async function choosePorts(
  asked: { readonly port?: number; readonly uiPort?: number },
  free: (port: number) => Promise<boolean> = isFree,
): Promise<PortPair> {
  if (asked.port !== undefined && !(await free(asked.port))) throw portInUse(asked.port, 'the Temporal server');
  if (asked.uiPort !== undefined && !(await free(asked.uiPort))) throw portInUse(asked.uiPort, "Temporal's web UI");
  const distance = DEFAULT_PORTS.ui - DEFAULT_PORTS.server;
  for (let i = 0; i < PAIRS; i++) {
    const port = asked.port ?? DEFAULT_PORTS.server + i;
    const uiPort = asked.uiPort ?? (asked.port === undefined ? port + distance : Math.min(asked.port + distance, 65_000) + i);
    if (port !== uiPort && (await free(port)) && (await free(uiPort))) return { port, uiPort };
  }
  throw new SostenutoError({
    code: 'PORT_IN_USE',
    what: 'No pair of ports is free for a Temporal server.',
    where: LOOPBACK,
    found: `${PAIRS} pairs from ${DEFAULT_PORTS.server} and ${DEFAULT_PORTS.ui} upwards, all in use`,
    hint: 'set SOSTENUTO_SERVER_PORT and SOSTENUTO_UI_PORT',
  });
}
