import { chmodSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ActionRecord, findAction, recordAction, thisMachine } from '../../../engine/actions/actions.ts';
import { nodeKey } from '../../../engine/keys/keys.ts';
import { acquireLease } from '../../../engine/leases/leases.ts';
import { actionPath, objectPath } from '../../../engine/store/layout.ts';
import { openStore, type Store } from '../../../engine/store/store.ts';
import { temporaryFolder } from '../support/folders.ts';

const record = (change: Partial<ActionRecord> = {}): ActionRecord => {
  const key = nodeKey({ task: 'embed', params: change.params ?? {}, inputs: {}, code: 'c' });
  const common = {
    format: 1,
    key,
    task: 'embed',
    node: 'frames',
    params: {},
    inputs: {},
    outputs: {},
    code: { digest: 'c', modules: {} },
  } as const;
  return { ...common, machine: thisMachine(), startedAt: '2026-01-01T00:00:00.000Z', seconds: 1, attempts: 1, token: 0, ...change };
};
/** A list that refers to a tree with one file, as the output of a map does. */
async function nestedOutput(store: Store) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'frames.bin'), 'frames');
  const file = await store.putFile(join(folder, 'frames.bin'));
  const tree = await store.putTree(folder);
  return { file, tree, list: await store.putJson([{ id: 'a', artifact: tree }]) };
}

describe('a recorded action', () => {
  test('is found under its key, as it was', async () => {
    const store = await openStore(temporaryFolder());
    const made = record({ outputs: { value: await store.putJson(1) } });
    await recordAction(store, made);
    expect(await findAction(store, made.key)).toEqual(made);
    expect(await findAction(store, nodeKey({ task: 'other', params: {}, inputs: {}, code: '' }))).toBeUndefined();
  });

  test.each<[string, (store: Store, made: Awaited<ReturnType<typeof nestedOutput>>) => void]>([
    ['an output is gone', (store, { list }) => rmSync(objectPath(store.root, list.digest))],
    ['a tree inside an output is gone', (store, { tree }) => rmSync(objectPath(store.root, tree.digest))],
    ['a file inside such a tree is gone', (store, { file }) => rmSync(objectPath(store.root, file.digest))],
    [
      'a file inside such a tree is shorter',
      (store, { file }) => {
        chmodSync(objectPath(store.root, file.digest), 0o644);
        truncateSync(objectPath(store.root, file.digest), 2);
      },
    ],
  ])('is no hit when %s', async (_, spoil) => {
    const store = await openStore(temporaryFolder());
    const nested = await nestedOutput(store);
    const made = record({ outputs: { list: nested.list } });
    await recordAction(store, made);
    expect(await findAction(store, made.key)).toBeDefined();
    spoil(store, nested);
    expect(await findAction(store, made.key)).toBeUndefined();
  });

  test('with a wrong byte in an output is a hit, but not when verified', async () => {
    const store = await openStore(temporaryFolder());
    const nested = await nestedOutput(store);
    const made = record({ outputs: { list: nested.list } });
    await recordAction(store, made);
    const path = objectPath(store.root, nested.file.digest);
    chmodSync(path, 0o644);
    writeFileSync(path, 'fRames');
    expect(await findAction(store, made.key)).toBeDefined();
    expect(await findAction(store, made.key, { verify: true })).toBeUndefined();
  });

  test.each([
    ['lost its end', (text: string) => text.slice(0, -20)],
    ['has a wrong byte', (text: string) => text.replace('"attempts":1', '"attempts":2')],
    ['is empty', () => ''],
  ])('whose file %s is no hit', async (_, change) => {
    const store = await openStore(temporaryFolder());
    const made = record({ outputs: { value: await store.putJson(1) } });
    await recordAction(store, made);
    const path = actionPath(store.root, made.key);
    chmodSync(path, 0o644);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    expect(await findAction(store, made.key)).toBeUndefined();
  });

  test('may be one of many recorded together', async () => {
    const store = await openStore(temporaryFolder());
    const records = Array.from({ length: 300 }, (_, index) => record({ params: { index } }));
    await Promise.all(records.map((one) => recordAction(store, one)));
    for (const { key } of records) expect(await findAction(store, key)).toBeDefined();
  });
});

describe('fencing', () => {
  const take = async (store: Store, key: string, now: number) => {
    const taken = await acquireLease(store, key, { owner: `at ${now}`, ttlMs: 1000, now: () => now });
    if (!('token' in taken)) throw new Error('held');
    return taken;
  };
  test('refuses the record of an owner whose lease was taken over', async () => {
    const store = await openStore(temporaryFolder());
    const made = record();
    const stale = await take(store, made.key, 0);
    const fresh = await take(store, made.key, 5000);
    await expect(recordAction(store, { ...made, token: stale.token }, stale)).rejects.toMatchObject({ code: 'FENCED' });
    expect(await findAction(store, made.key)).toBeUndefined();
    await recordAction(store, { ...made, token: fresh.token }, fresh);
    await expect(recordAction(store, { ...made, token: stale.token })).rejects.toMatchObject({ code: 'FENCED' });
    expect((await findAction(store, made.key))?.token).toBe(fresh.token);
  });
  test('holds even when the take-over happens while the record is being written', async () => {
    const home = temporaryFolder();
    const made = record();
    const other = await openStore(home);
    let takeOver = async () => {};
    const store = await openStore(home, { onStep: (step) => step === 'written' && void takeOver() });
    const stale = await take(store, made.key, 0);
    takeOver = async () => void (await take(other, made.key, 5000));
    await expect(recordAction(store, { ...made, token: stale.token }, stale)).rejects.toMatchObject({ code: 'FENCED' });
    expect(await findAction(other, made.key)).toBeUndefined();
  });
});

test('a process that dies at any moment of recording leaves either no record or a whole one', async () => {
  for (let count = 0, isDone = false; !isDone; count++) {
    const home = temporaryFolder();
    const output = await (await openStore(home)).putJson({ result: 1 });
    let steps = 0;
    const store = await openStore(home, {
      onStep: () => {
        if (steps++ === count) throw new Error('killed');
      },
    });
    const made = record({ outputs: { output } });
    isDone = await recordAction(store, made).then(
      () => true,
      () => false,
    );
    const found = await findAction(await openStore(home), made.key, { verify: true });
    expect(found === undefined || found.outputs['output']?.digest === output.digest).toBe(true);
    if (isDone) expect(found).toEqual(made);
  }
});
