import { chmodSync, existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ActionRecord, findAction, recordAction, thisMachine } from '../../../engine/actions/actions.ts';
import { openCheckpoints } from '../../../engine/checkpoints/checkpoints.ts';
import { listActions, removeActions, verifyStore } from '../../../engine/collect/cache.ts';
import { collectGarbage } from '../../../engine/collect/collect.ts';
import type { Artifact } from '../../../engine/define/ports.ts';
import { nodeKey, sha256 } from '../../../engine/keys/keys.ts';
import { objectPath } from '../../../engine/store/layout.ts';
import { openStore, type Store } from '../../../engine/store/store.ts';
import { temporaryFolder } from '../support/folders.ts';

async function recorded(store: Store, name: string, outputs: Record<string, Artifact>): Promise<ActionRecord> {
  const key = nodeKey({ task: name, params: {}, inputs: {}, code: '' });
  const record = {
    format: 1,
    key,
    task: name,
    params: {},
    inputs: {},
    outputs,
    code: { digest: '', modules: {} },
    machine: thisMachine(),
    startedAt: `at ${name}`,
    seconds: 0,
    attempts: 1,
    token: 0,
  } as const;
  await recordAction(store, record);
  return record;
}
/** A collection long after everything was written. */
const later = { now: () => Date.now() + 2 * 86_400_000 };
const keeping = (...names: string[]) => ({ ...later, keepAction: ({ task }: ActionRecord) => names.includes(task) });

async function treeOf(store: Store, ...contents: string[]): Promise<Artifact> {
  const folder = temporaryFolder();
  for (const [index, content] of contents.entries()) writeFileSync(join(folder, `${index}.txt`), content);
  return store.putTree(folder);
}

describe('a collection', () => {
  test('keeps what a kept result reaches, references inside JSON values too, and frees the rest', async () => {
    const store = await openStore(temporaryFolder());
    const tree = await treeOf(store, 'shared', 'kept only');
    const list = await store.putJson([{ id: 'a', artifact: tree }]);
    const kept = await recorded(store, 'kept', { list });
    const dropped = await recorded(store, 'dropped', { tree: await treeOf(store, 'shared', 'dropped only') });
    const loose = await store.putJson('nobody refers to this');

    const planned = await collectGarbage(store, { ...keeping('kept'), isDryRun: true });
    expect(await findAction(store, dropped.key)).toBeDefined();
    const done = await collectGarbage(store, keeping('kept'));
    expect(done).toEqual({ ...planned, isDryRun: false });
    expect(done).toMatchObject({ actions: { kept: 1, removed: 1 }, objects: { kept: 4, removed: 3 } });
    expect(done.objects.bytes).toBeGreaterThanOrEqual('dropped only'.length + loose.bytes);
    expect(await findAction(store, kept.key, { verify: true })).toBeDefined();
    expect(await findAction(store, dropped.key)).toBeUndefined();
    expect(existsSync(objectPath(store.root, sha256('dropped only')))).toBe(false);
    expect(await verifyStore(store)).toMatchObject({ damaged: [], incomplete: [] });
  });

  test('of random results never takes anything from those that stay', async () => {
    const results = fc.array(
      fc.record({ isKept: fc.boolean(), contents: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 }), refersTo: fc.nat() }),
      { minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(results, async (all) => {
        const store = await openStore(temporaryFolder());
        const made: Artifact[] = [];
        const keys: string[] = [];
        for (const [index, { contents, refersTo }] of all.entries()) {
          const tree = await treeOf(store, ...contents);
          const value = await store.putJson({ index, above: made[refersTo % Math.max(1, made.length)] ?? null, tree });
          made.push(value);
          keys.push((await recorded(store, `t${index}`, { value })).key);
        }
        await collectGarbage(store, { ...later, keepAction: ({ task }) => all[Number(task.slice(1))]?.isKept ?? false });
        for (const [index, key] of keys.entries())
          expect((await findAction(store, key, { verify: true })) !== undefined).toBe(all[index]?.isKept);
      }),
      { numRuns: 20 },
    );
  });

  test('leaves alone what was just written or wanted again', async () => {
    const store = await openStore(temporaryFolder());
    const fresh = await store.putJson('fresh');
    const old = await store.putJson('wanted again');
    const hourAgo = Date.now() / 1000 - 7200;
    utimesSync(objectPath(store.root, old.digest), hourAgo, hourAgo);
    await store.putJson('wanted again');
    const { objects } = await collectGarbage(store, { keepAction: () => false });
    expect(objects).toMatchObject({ kept: 2, removed: 0 });
    expect(await store.has(fresh)).toBe(true);
  });

  test('removes what dead writers left and checkpoints nobody keeps', async () => {
    const store = await openStore(temporaryFolder());
    writeFileSync(join(store.root, 'tmp/left-over'), 'half');
    for (const name of ['one', 'other'])
      await openCheckpoints(store, sha256(name)).save(1, {}, async (folder) => writeFileSync(join(folder, 'w'), name));
    const { temporary, checkpoints, trajectories } = await collectGarbage(store, {
      ...keeping(),
      keepTrajectory: (trajectory) => trajectory === sha256('one'),
    });
    expect(temporary).toEqual({ kept: 0, removed: 1, bytes: 4 });
    expect(checkpoints).toMatchObject({ kept: 1, removed: 1 });
    expect(trajectories).toEqual([sha256('other')]);
    expect(readdirSync(join(store.root, 'checkpoints'))).toEqual([sha256('one')]);
  });

  test('goes on beside a kept result that is damaged', async () => {
    const store = await openStore(temporaryFolder());
    const [gone, tree] = [await treeOf(store, 'gone'), await treeOf(store, 'there')];
    const kept = await recorded(store, 'kept', { list: await store.putJson([gone, tree]) });
    const listing = objectPath(store.root, gone.digest);
    chmodSync(listing, 0o644);
    writeFileSync(listing, '{');
    await collectGarbage(store, keeping('kept'));
    expect(await store.has(tree, { verify: true })).toBe(true);
    expect(await findAction(store, kept.key)).toBeUndefined();
  });
});

describe('the cache', () => {
  test('is listed newest first, and results can be forgotten', async () => {
    const store = await openStore(temporaryFolder());
    for (const name of ['a', 'b', 'c']) await recorded(store, name, { value: await store.putJson(name) });
    expect(listActions(store).map(({ task }) => task)).toEqual(['c', 'b', 'a']);
    expect(removeActions(store, ({ task }) => task === 'b')).toHaveLength(1);
    expect(listActions(store).map(({ task }) => task)).toEqual(['c', 'a']);
  });

  test('is verified byte by byte, and repaired by forgetting what is wrong', async () => {
    const store = await openStore(temporaryFolder());
    const value = await store.putJson({ value: 1 });
    await recorded(store, 'good', { value: await store.putJson({ value: 2 }) });
    const bad = await recorded(store, 'bad', { list: await store.putJson([value]) });
    const path = objectPath(store.root, value.digest);
    chmodSync(path, 0o644);
    writeFileSync(path, '{"value":7}');
    expect(await verifyStore(store)).toMatchObject({
      objects: 3,
      damaged: [value.digest],
      actions: 2,
      incomplete: [bad.key],
      isRepaired: false,
    });
    await verifyStore(store, { repair: true });
    expect(await verifyStore(store)).toMatchObject({ objects: 2, damaged: [], actions: 1, incomplete: [] });
  });
});
