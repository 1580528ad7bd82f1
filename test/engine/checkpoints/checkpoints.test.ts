import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adoptCheckpoint, listCheckpoints, openCheckpoints } from '../../../engine/checkpoints/checkpoints.ts';
import type { Checkpoint } from '../../../engine/define/task.ts';
import { sha256 } from '../../../engine/keys/keys.ts';
import { acquireLease } from '../../../engine/leases/leases.ts';
import { openStore } from '../../../engine/store/store.ts';
import { temporaryFolder } from '../support/folders.ts';

const trajectory = sha256('a training');
const weights = (step: number) => async (directory: string) => {
  mkdirSync(join(directory, 'inner'));
  writeFileSync(join(directory, 'weights.bin'), `weights at ${step}`);
  writeFileSync(join(directory, 'inner/moments.bin'), `moments at ${step}`);
};
const contentOf = (checkpoint: Checkpoint | undefined) =>
  checkpoint && {
    step: checkpoint.step,
    state: checkpoint.state,
    weights: readFileSync(join(checkpoint.directory, 'weights.bin'), 'utf8'),
    moments: readFileSync(join(checkpoint.directory, 'inner/moments.bin'), 'utf8'),
  };
const expected = (step: number) => ({ step, state: { position: step * 2 }, weights: `weights at ${step}`, moments: `moments at ${step}` });

async function saving(options: Parameters<typeof openCheckpoints>[2] = {}) {
  const store = await openStore(temporaryFolder());
  const warnings: string[] = [];
  const checkpoints = openCheckpoints(store, trajectory, { onWarning: (message) => warnings.push(message), ...options });
  const save = (step: number) => checkpoints.save(step, { position: step * 2 }, weights(step));
  return { store, checkpoints, save, warnings };
}

describe('checkpoints', () => {
  test('give back the newest one: state and files', async () => {
    const { checkpoints, save } = await saving();
    expect(await checkpoints.latest()).toBeUndefined();
    for (const step of [5, 10, 100]) await save(step);
    expect(contentOf(await checkpoints.latest())).toEqual(expected(100));
  });
  test('keep the last ones only', async () => {
    const { store, save } = await saving({ keep: 2 });
    for (const step of [1, 2, 3, 4]) await save(step);
    expect((await listCheckpoints(store, trajectory)).map(({ step }) => step)).toEqual([4, 3]);
  });
  test('of a training with a later end are not used beyond the own end, and not removed', async () => {
    const { checkpoints, save, store } = await saving({ keep: 2 });
    for (const step of [80, 90, 100]) await save(step);
    expect((await checkpoints.latest({ notAfter: 95 }))?.step).toBe(90);
    expect(await checkpoints.latest({ notAfter: 50 })).toBeUndefined();
    for (const step of [10, 20, 30]) await save(step);
    expect((await checkpoints.latest({ notAfter: 50 }))?.step).toBe(30);
    expect((await listCheckpoints(store)).map(({ step }) => step)).toEqual([100, 90, 30, 20]);
  });
  test('say what they hold', async () => {
    const { store, save } = await saving();
    await save(7);
    const [info] = await listCheckpoints(store);
    expect(info).toMatchObject({
      trajectory,
      step: 7,
      token: 0,
      bytes: 'weights at 7moments at 7'.length,
    });
    expect(info?.files).toContainEqual({ name: 'weights.bin', digest: sha256('weights at 7'), bytes: 12 });
  });
  test('saved again at the same step hold the later content', async () => {
    const { checkpoints, save, store } = await saving();
    await save(5);
    await checkpoints.save(5, 'again', weights(6));
    expect(await checkpoints.latest()).toMatchObject({ step: 5, state: 'again' });
    expect(await listCheckpoints(store)).toHaveLength(1);
  });
  test('of another trajectory are not seen', async () => {
    const { store, save } = await saving();
    await save(5);
    expect(await openCheckpoints(store, sha256('another')).latest()).toBeUndefined();
    expect(() => openCheckpoints(store, '../elsewhere')).toThrow(expect.objectContaining({ code: 'BAD_DIGEST' }));
  });
  test('with a link inside are refused, and nothing is left', async () => {
    const { checkpoints, store } = await saving();
    await expect(checkpoints.save(1, {}, async (directory) => symlinkSync('/etc/hostname', join(directory, 'link')))).rejects.toMatchObject(
      { code: 'TREE_UNSAFE' },
    );
    expect(readdirSync(join(store.root, 'tmp'))).toEqual([]);
    expect(await listCheckpoints(store)).toEqual([]);
  });
});

describe('a damaged checkpoint is skipped with a warning that names it:', () => {
  const writable = (path: string) => {
    chmodSync(path, 0o644);
    return path;
  };
  test.each<[string, (directory: string) => void]>([
    ['a file with a wrong byte', (directory) => writeFileSync(writable(join(directory, 'weights.bin')), 'weights at 99!')],
    ['a file that is shorter', (directory) => truncateSync(writable(join(directory, 'weights.bin')), 3)],
    ['a file that is missing', (directory) => rmSync(join(directory, 'inner/moments.bin'))],
    ['no manifest', (directory) => rmSync(join(directory, 'manifest.json'))],
    ['half a manifest', (directory) => truncateSync(writable(join(directory, 'manifest.json')), 30)],
    ['a manifest of something else', (directory) => writeFileSync(writable(join(directory, 'manifest.json')), '{"format":1}')],
  ])('%s', async (_, spoil) => {
    const { checkpoints, save, warnings } = await saving();
    await save(5);
    await save(10);
    const newest = (await checkpoints.latest())?.directory ?? '';
    spoil(newest);
    expect(contentOf(await checkpoints.latest())).toEqual(expected(5));
    expect(warnings).toEqual([expect.stringContaining(newest)]);
  });
});

test('a saver that dies at any moment leaves the old checkpoint or the new one, whole', async () => {
  const moments = ['written', 'file-synced', 'manifest-synced', 'renamed', 'folder-synced', 'older-removed'] as const;
  const seen = new Set<number>();
  for (const moment of moments) {
    const { store, save } = await saving({ keep: 1 });
    await save(5);
    const dying = openCheckpoints(store, trajectory, {
      keep: 1,
      onStep: (step) => {
        if (step === moment) throw new Error('killed');
      },
    });
    await expect(dying.save(10, { position: 20 }, weights(10))).rejects.toThrow('killed');
    const warnings: string[] = [];
    const found = await openCheckpoints(store, trajectory, { onWarning: (message) => warnings.push(message) }).latest();
    expect(warnings).toEqual([]);
    expect(contentOf(found)).toEqual(expected(found?.step ?? 0));
    seen.add(found?.step ?? 0);
    await save(15);
    expect((await listCheckpoints(store)).map(({ step }) => step)).toEqual([15]);
  }
  expect([...seen]).toEqual([5, 10]);
});

test('of random saves and random damage, the newest undamaged checkpoint is used', async () => {
  const saves = fc.uniqueArray(fc.record({ step: fc.integer({ min: 1, max: 1_000_000 }), isDamaged: fc.boolean() }), {
    selector: ({ step }) => step,
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(saves, async (all) => {
      const { store, checkpoints, save } = await saving({ keep: 10 });
      for (const { step } of all) await save(step);
      for (const { step, directory } of await listCheckpoints(store)) {
        if (all.some((one) => one.step === step && one.isDamaged)) rmSync(join(directory, 'weights.bin'));
      }
      const whole = all.filter(({ isDamaged }) => !isDamaged).map(({ step }) => step);
      expect((await checkpoints.latest())?.step).toBe(whole.length === 0 ? undefined : Math.max(...whole));
    }),
    { numRuns: 25 },
  );
});

test('an owner whose lease was taken over saves nothing, even if it happens while the files are written', async () => {
  const store = await openStore(temporaryFolder());
  const take = async (now: number) => {
    const taken = await acquireLease(store, trajectory, { owner: `at ${now}`, ttlMs: 1000, now: () => now });
    if (!('token' in taken)) throw new Error('held');
    return taken;
  };
  const stale = openCheckpoints(store, trajectory, { lease: await take(0) });
  await stale.save(5, { position: 10 }, weights(5));
  const overtaken = stale.save(10, {}, async (directory) => {
    await weights(10)(directory);
    await take(5000);
  });
  await expect(overtaken).rejects.toMatchObject({ code: 'FENCED' });
  await expect(stale.save(15, {}, weights(15))).rejects.toMatchObject({ code: 'FENCED' });
  expect((await listCheckpoints(store)).map(({ step }) => step)).toEqual([5]);
});

describe('adopting a checkpoint', () => {
  const other = sha256('the training with other code');
  test('lets another trajectory go on from it, and both remember', async () => {
    const { store, save } = await saving();
    await save(5);
    await save(10);
    await adoptCheckpoint(store, trajectory, 10, other);
    expect(contentOf(await openCheckpoints(store, other).latest())).toEqual(expected(10));
    expect((await listCheckpoints(store, other))[0]?.adoptedFrom).toEqual({ trajectory, step: 10 });
    for (const { directory } of await listCheckpoints(store, trajectory)) rmSync(directory, { recursive: true });
    expect(contentOf(await openCheckpoints(store, other).latest())).toEqual(expected(10));
  });
  test('that does not exist or is damaged is refused', async () => {
    const { store, save, checkpoints } = await saving();
    await save(5);
    await expect(adoptCheckpoint(store, trajectory, 6, other)).rejects.toMatchObject({
      code: 'CHECKPOINT_MISSING',
      problems: [{ expected: 'one of the steps 5' }],
    });
    rmSync(join((await checkpoints.latest())?.directory ?? '', 'weights.bin'));
    await expect(adoptCheckpoint(store, trajectory, 5, other)).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' });
    expect(await listCheckpoints(store, other)).toEqual([]);
  });
});
