import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acquireLease, type Lease } from '../../../engine/leases/leases.ts';
import { openStore } from '../../../engine/store/store.ts';
import { temporaryFolder } from '../support/folders.ts';

/** A store with a clock that only moves when told. */
async function leasing() {
  const store = await openStore(temporaryFolder());
  const clock = { now: 1_000_000 };
  const take = (owner: string, key = 'key') => acquireLease(store, key, { owner, ttlMs: 1000, now: () => clock.now });
  const must = async (owner: string, key = 'key'): Promise<Lease> => {
    const taken = await take(owner, key);
    if (!('token' in taken)) throw new Error(`held by ${taken.heldBy}`);
    return taken;
  };
  return { store, clock, take, must };
}
const fenced = expect.objectContaining({ code: 'FENCED' });

describe('a lease', () => {
  test('is held by one owner, and the other learns by whom and until when', async () => {
    const { clock, take, must } = await leasing();
    await must('first');
    expect(await take('second')).toEqual({ heldBy: 'first', until: clock.now + 1000 });
  });
  test('that is renewed goes on', async () => {
    const { clock, take, must } = await leasing();
    const lease = await must('first');
    clock.now += 900;
    await lease.renew();
    clock.now += 900;
    expect(await take('second')).toMatchObject({ heldBy: 'first' });
  });
  test('that ran out is taken over with a higher token, and the old owner is fenced off', async () => {
    const { clock, must } = await leasing();
    const old = await must('first');
    clock.now += 1001;
    const young = await must('second');
    expect(young.token).toBeGreaterThan(old.token);
    await expect(old.check()).rejects.toThrow(fenced);
    await expect(old.renew()).rejects.toThrow(fenced);
    await expect(young.check()).resolves.toBeUndefined();
  });
  test('that ran out but was not taken still belongs to its owner', async () => {
    const { clock, must } = await leasing();
    const lease = await must('first');
    clock.now += 5000;
    await expect(lease.check()).resolves.toBeUndefined();
    await lease.renew();
  });
  test('of a holder that is known to be gone is taken over at once', async () => {
    const { store, clock, must } = await leasing();
    const dead = await must('dead');
    const isOver = (owner: string) => owner === 'dead';
    const taken = await acquireLease(store, 'key', { owner: 'alive', ttlMs: 1000, now: () => clock.now, isOver });
    expect(taken).toMatchObject({ token: dead.token + 1 });
    await expect(dead.check()).rejects.toThrow(fenced);
    expect(await acquireLease(store, 'key', { owner: 'third', ttlMs: 1000, now: () => clock.now, isOver })).toMatchObject({
      heldBy: 'alive',
    });
  });
  test('that was released is free at once, and tokens go on rising', async () => {
    const { must } = await leasing();
    let last = 0;
    for (const owner of ['a', 'b', 'c']) {
      const lease = await must(owner);
      expect(lease.token).toBeGreaterThan(last);
      last = lease.token;
      await lease.release();
    }
  });
  test('released by a stale owner stays with the new one', async () => {
    const { clock, take, must } = await leasing();
    const old = await must('first');
    clock.now += 1001;
    await must('second');
    await old.release();
    expect(await take('third')).toMatchObject({ heldBy: 'second' });
  });
  test('of another key is another lease', async () => {
    const { must } = await leasing();
    await must('first', 'one');
    await must('second', 'other');
  });
  test.each([[''], ['../key'], ['a/b'], ['.hidden']])('is refused for the key "%s"', async (key) => {
    const { take } = await leasing();
    await expect(take('first', key)).rejects.toMatchObject({ code: 'BAD_LEASE_KEY' });
  });
});

test('whatever owners do and however time passes, at most one passes its check, and tokens only rise', async () => {
  const action = fc.record({ owner: fc.nat(3), does: fc.constantFrom('take', 'renew', 'release', 'check'), ms: fc.nat(700) });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
      const { clock, take } = await leasing();
      const held = new Map<number, Lease>();
      let highest = 0;
      for (const { owner, does, ms } of actions) {
        clock.now += ms;
        const lease = held.get(owner);
        if (does === 'take') {
          const taken = await take(`owner ${owner}`);
          if (!('token' in taken)) continue;
          expect(taken.token).toBeGreaterThan(highest);
          highest = taken.token;
          held.set(owner, taken);
        } else if (does === 'release' && lease !== undefined) {
          await lease.release();
          held.delete(owner);
        } else if (lease !== undefined) await lease[does === 'renew' ? 'renew' : 'check']().catch((error) => expect(error).toEqual(fenced));
        const passing = await Promise.all(
          [...held.values()].map((one) =>
            one.check().then(
              () => 1,
              () => 0,
            ),
          ),
        );
        expect(passing.reduce<number>((sum, one) => sum + one, 0)).toBeLessThanOrEqual(1);
      }
    }),
    { numRuns: 40 },
  );
});

test('of processes that race for a lease, each token goes to one', async () => {
  const home = temporaryFolder();
  await openStore(home);
  const leases = pathToFileURL(join(import.meta.dirname, '../../../engine/leases/leases.ts')).href;
  const file = join(temporaryFolder(), 'racer.mts');
  writeFileSync(
    file,
    `import { acquireLease } from ${JSON.stringify(leases)};
const tokens = [];
while (tokens.length < 60) {
  const taken = await acquireLease({ root: ${JSON.stringify(join(home, 'store'))} }, 'race', { owner: String(process.pid), ttlMs: 60_000 });
  if (!('token' in taken)) continue;
  await taken.check();
  tokens.push(taken.token);
  await taken.release();
}
console.log(tokens.join(' '));`,
  );
  const race = async (): Promise<number[]> => {
    const racer = spawn(process.execPath, ['--import', 'tsx', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: join(import.meta.dirname, '../../..'),
    });
    for await (const line of createInterface({ input: racer.stdout })) return line.split(' ').map(Number);
    throw new Error('the racer said nothing');
  };
  const tokens = (await Promise.all([race(), race(), race()])).flat().sort((one, other) => one - other);
  expect(tokens).toEqual(Array.from({ length: 180 }, (_, index) => index + 1));
});
