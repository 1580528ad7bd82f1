import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type LeaseRequest, takeLease } from '../../activities/node/lease.ts';
import { acquireLease } from '../../engine/leases/leases.ts';
import { openStore } from '../../engine/store/store.ts';

const home = mkdtempSync(join(tmpdir(), 'sostenuto-lease-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const store = await openStore(home);
const never = async (): Promise<undefined> => undefined;
const request = (key: string, change: Partial<LeaseRequest> = {}): LeaseRequest => ({
  key,
  name: 'run node',
  ttlMs: 60_000,
  signal: new AbortController().signal,
  onWaiting: () => {},
  ...change,
});
const held = async (key: string, owner: string) => {
  const lease = await acquireLease(store, key, { owner, ttlMs: 60_000 });
  if ('heldBy' in lease) throw new Error('held');
  return lease;
};

describe('who may work on a key', () => {
  test('nobody has it: it is taken', async () => {
    expect(await takeLease(store, request('free'), never)).toMatchObject({ lease: { token: 1 } });
  });

  test('somebody alive has it: what they finish is taken', async () => {
    await held('busy', `${hostname()}:${process.pid} another run`);
    const holders: string[] = [];
    let looks = 0;
    const taken = await takeLease(store, request('busy', { onWaiting: (holder) => void holders.push(holder) }), async () =>
      ++looks > 2 ? 'their result' : undefined,
    );
    expect(taken).toEqual({ done: 'their result' });
    expect(holders[0]).toContain('another run');
  });

  test('a dead process of this machine has it: it is fenced off at once', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const old = await held('dead', `${hostname()}:${pid} another run`);
    expect(await takeLease(store, request('dead'), never)).toMatchObject({ lease: { token: 2 } });
    expect(() => old.checkNow()).toThrow(/no longer holds/);
  });

  test('an earlier attempt of the same activity has it: it is fenced off at once', async () => {
    const old = await held('again', `another-host:1 run node`);
    const taken = await takeLease(store, request('again'), never);
    expect(taken).toMatchObject({ lease: { token: 2 } });
    expect(() => old.checkNow()).toThrow(/no longer holds/);
    // Taking over doesn't stretch the lease: it ends when one taken now would.
    const next = await acquireLease(store, 'again', { owner: 'x', ttlMs: 1, now: () => Date.now() + 61_000 });
    expect(next).toMatchObject({ token: 3 });
  });

  test('a process of another machine is waited for, until the wait is canceled', async () => {
    await held('far', 'another-host:1 another run');
    const stop = new AbortController();
    const waiting = takeLease(store, request('far', { signal: stop.signal, onWaiting: () => stop.abort(new Error('stopped')) }), never);
    await expect(waiting).rejects.toThrow('stopped');
  });
});
