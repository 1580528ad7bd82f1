import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownerOf } from '../../../cli/server/ports.ts';
import { readServerRecord, writeServerRecord } from '../../../cli/server/record.ts';
import { ensureServer, findServer, stopServer } from '../../../cli/server/temporal-server.ts';
import { findTemporalTool } from '../../../cli/server/tool.ts';
import { address as setupAddress } from '../../setup/modules.ts';
import { freePorts } from './free-ports.ts';

const hasTool = (() => {
  try {
    return findTemporalTool().path !== '';
  } catch {
    return false;
  }
})();

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'server-home-'));
});
afterEach(async () => {
  await stopServer(home);
  rmSync(home, { recursive: true, force: true });
});

async function withClient<T>(address: string, action: (client: Client, connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await action(new Client({ connection }), connection);
  } finally {
    await connection.close();
  }
}

describe.skipIf(!hasTool)('a home without a server', () => {
  it('gets one of its own, on loopback, with search attributes, found by the next call and gone after stop', async () => {
    const ports = await freePorts();
    const server = await ensureServer({ home, ...ports, detached: false });
    expect(server).toMatchObject({ started: true, address: `127.0.0.1:${ports.port}`, uiUrl: `http://127.0.0.1:${ports.uiPort}` });
    expect(readServerRecord(home)).toMatchObject({ address: server.address, uiPort: ports.uiPort });
    expect(await setupAddress.servesTemporal(server.address)).toBe(true);
    const names = await withClient(server.address, async (_, { operatorService }) =>
      Object.keys((await operatorService.listSearchAttributes({ namespace: 'default' })).customAttributes ?? {}),
    );
    expect(names.sort()).toEqual(['Dataset', 'Model', 'Pipeline', 'PrimaryMetric', 'Regression', 'Stage', 'Trigger']);
    const again = await ensureServer({ home, ...ports, detached: false });
    expect(again).toMatchObject({ started: false, address: server.address });
    await again.stop(); // not its own: stays
    expect(await findServer(home)).toBeDefined();
    await server.stop();
    expect(await findServer(home)).toBeUndefined();
    expect(readServerRecord(home)).toBeUndefined();
  });

  it('keeps each queue in one part, so that no task is put away while its worker is busy', async () => {
    const server = await ensureServer({ home, ...(await freePorts()), detached: false });
    const request = { namespace: 'default', taskQueue: { name: 'some-train' } };
    const parts = await withClient(server.address, (_, { workflowService }) => workflowService.listTaskQueuePartitions(request));
    expect([parts.activityTaskQueuePartitions, parts.workflowTaskQueuePartitions].map((all) => all?.length)).toEqual([1, 1]);
    await server.stop();
  });

  it('listens on the loopback address only', async () => {
    const ports = await freePorts();
    const server = await ensureServer({ home, ...ports, detached: false });
    const hex = [ports.port, ports.uiPort].map((port) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`);
    const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFileSync(path, 'utf8')).join('\n');
    const listeners = tables
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((row) => row[3] === '0A' && hex.some((end) => row[1]?.endsWith(end)));
    expect(listeners.map((row) => row[1]?.split(':')[0])).toEqual(['0100007F', '0100007F']);
    await server.stop();
  });

  it('keeps its runs over a clean end and over a killed server', async () => {
    const ports = await freePorts();
    const first = await ensureServer({ home, ...ports, detached: true });
    await withClient(first.address, (client) => client.workflow.start('waits', { workflowId: 'kept', taskQueue: 'nobody' }));
    await first.stop();
    const second = await ensureServer({ home, ...ports, detached: true });
    const pid = readServerRecord(home)?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    const third = await ensureServer({ home, detached: true }); // where its workers still call
    expect([second.started, third.started, third.address]).toEqual([true, true, first.address]);
    const { status } = await withClient(third.address, (client) => client.workflow.getHandle('kept').describe());
    expect(status.name).toBe('RUNNING');
  });

  it('gets only one when two ask at once', async () => {
    const ports = await freePorts();
    const servers = await Promise.all([1, 2].map(() => ensureServer({ home, ...ports, detached: true })));
    expect(servers.map(({ started }) => started).sort()).toEqual([false, true]);
  });

  it('refuses to move a server that runs on other ports', async () => {
    const ports = await freePorts();
    await ensureServer({ home, ...ports, detached: true });
    const other = ensureServer({ home, ...(await freePorts()), detached: true });
    await expect(other).rejects.toMatchObject({ code: 'SERVER_ELSEWHERE', message: expect.stringContaining(`127.0.0.1:${ports.port}`) });
  });
});

describe('a server.json that tells nothing', () => {
  const stale = [
    ['of a process that ended', () => ({ address: '127.0.0.1:1', uiPort: 2, pid: 2 ** 22 - 1, startedAt: '' })],
    ['whose process number belongs to another program now', () => ({ address: '127.0.0.1:1', uiPort: 2, pid: process.pid, startedAt: '' })],
  ] as const;
  it.each(stale)('%s is no server', async (_, record) => {
    writeServerRecord(home, record());
    expect(await findServer(home)).toBeUndefined();
  });
  it('half written is no server', async () => {
    writeFileSync(join(home, 'server.json'), '{"address": "127.0.0.1:72');
    expect(await findServer(home)).toBeUndefined();
  });

  it.skipIf(!hasTool)("of another home's server is not taken, nor that server ended", async () => {
    const ports = await freePorts();
    const server = await ensureServer({ home, ...ports, detached: false });
    const other = mkdtempSync(join(tmpdir(), 'server-other-'));
    const record = readServerRecord(home);
    if (record) writeServerRecord(other, record);
    expect(await findServer(other)).toBeUndefined();
    expect(await stopServer(other)).toBe(false);
    expect(await findServer(home)).toBeDefined();
    await server.stop();
    rmSync(other, { recursive: true });
  });
});

describe('what cannot work ends with one clear error', () => {
  it('a port that is asked for and in use names the process', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(ownerOf(port)?.pid).toBe(process.pid);
    const start = ensureServer({ home, port, detached: false, cliPath: process.execPath });
    await expect(start).rejects.toMatchObject({ code: 'PORT_IN_USE', message: expect.stringContaining(`process ${process.pid}`) });
    await new Promise((resolve) => taken.close(resolve));
  });

  it('an address that is asked for and silent starts nothing else', async () => {
    const { port } = await freePorts();
    const asked = ensureServer({ home, address: `127.0.0.1:${port}`, detached: false });
    await expect(asked).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE', retryable: true });
    expect(readServerRecord(home)).toBeUndefined();
  });

  it('a program that is not there names the ways out', async () => {
    const start = ensureServer({ home, ...(await freePorts()), detached: false, cliPath: '/nowhere/temporal' });
    await expect(start).rejects.toMatchObject({ code: 'TEMPORAL_MISSING', message: expect.stringContaining('TEMPORAL_ADDRESS') });
  });

  it('a program that fails is quoted', async () => {
    const broken = join(home, 'broken');
    writeFileSync(broken, '#!/bin/sh\necho the database is damaged >&2\nexit 7\n', { mode: 0o755 });
    const start = ensureServer({ home, ...(await freePorts()), detached: false, cliPath: broken });
    await expect(start).rejects.toMatchObject({ code: 'SERVER_FAILED', message: expect.stringMatching(/code 7: the database is damaged/) });
  });
});
