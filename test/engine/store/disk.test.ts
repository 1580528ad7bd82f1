import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findAction } from '../../../engine/actions/actions.ts';
import { verifyStore } from '../../../engine/collect/cache.ts';
import { openStore } from '../../../engine/store/store.ts';
import { temporaryFolder } from '../support/folders.ts';

const failing = (code: string) => () => {
  throw Object.assign(new Error(`${code}: no`), { code });
};

describe.each([
  ['ENOSPC', 'STORE_FULL'],
  ['EDQUOT', 'STORE_FULL'],
  ['EROFS', 'STORE_READ_ONLY'],
  ['EACCES', 'STORE_READ_ONLY'],
])('a disk that answers %s', (answer, code) => {
  test(`becomes one clear ${code}, and nothing is left behind`, async () => {
    const [home, source] = [temporaryFolder(), temporaryFolder()];
    writeFileSync(join(source, 'large'), Buffer.alloc((1 << 20) + 1));
    const store = await openStore(home, { onStep: failing(answer) });
    await expect(store.putJson({ a: 1 })).rejects.toMatchObject({ code });
    await expect(store.putFile(join(source, 'large'))).rejects.toMatchObject({ code });
    expect(readdirSync(join(store.root, 'tmp'))).toEqual([]);
    expect(readdirSync(join(store.root, 'objects'))).toEqual([]);
  });
});

/** A filesystem in memory of the given size; undefined where mounting is not allowed. */
function smallDisk(size: string): string | undefined {
  const folder = temporaryFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  return folder;
}

test('a disk that is really full: an error, no half object, and the store works again with space', async (context) => {
  const disk = smallDisk('256k');
  if (disk === undefined) return context.skip('mounting is not allowed here');
  const source = temporaryFolder();
  const store = await openStore(join(disk, 'home'));
  const kept = await store.putJson({ kept: true });
  writeFileSync(join(source, 'large'), Buffer.alloc(2 << 20, 1));
  writeFileSync(join(source, 'medium'), Buffer.alloc(400 << 10, 1));
  await expect(store.putFile(join(source, 'large'))).rejects.toMatchObject({ code: 'STORE_FULL' });
  await expect(store.putFile(join(source, 'medium'))).rejects.toMatchObject({ code: 'STORE_FULL' });
  await expect(store.putTree(source)).rejects.toMatchObject({ code: 'STORE_FULL' });
  expect(await verifyStore(store)).toMatchObject({ objects: 1, damaged: [] });
  execFileSync('mount', ['-o', 'remount,size=8m', disk]);
  expect(await store.has(await store.putTree(source), { verify: true })).toBe(true);
  expect(await store.readJson(kept)).toEqual({ kept: true });
});

test('a disk that becomes read-only: reading goes on, writing is one clear error', async (context) => {
  const disk = smallDisk('256k');
  if (disk === undefined) return context.skip('mounting is not allowed here');
  const artifact = await (await openStore(join(disk, 'home'))).putJson({ kept: true });
  execFileSync('mount', ['-o', 'remount,ro', disk]);
  const store = await openStore(join(disk, 'home'));
  expect(await store.readJson(artifact)).toEqual({ kept: true });
  await expect(store.putJson({ more: true })).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
  await expect(openStore(join(disk, 'other'))).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
});

test('after a real SIGKILL every record that was acknowledged is there, and nothing is damaged', async () => {
  const home = temporaryFolder();
  const engine = (name: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../../engine', name)).href);
  const script = `import { openStore } from ${engine('store/store.ts')};
import { recordAction, thisMachine } from ${engine('actions/actions.ts')};
import { nodeKey } from ${engine('keys/keys.ts')};
const store = await openStore(${JSON.stringify(home)});
await Promise.all(Array.from({ length: 8 }, async (_, lane) => {
  for (let i = 0; ; i++) {
    const outputs = { value: await store.putJson({ i, lane, text: 'x'.repeat(5000) }) };
    const key = nodeKey({ task: 't', params: { i, lane }, inputs: {}, code: '' });
    await recordAction(store, { format: 1, key, task: 't', params: {}, inputs: {}, outputs, code: { digest: '', modules: {} }, machine: thisMachine(), startedAt: '', seconds: 0, attempts: 1, token: 0 });
    process.stdout.write(key + '\\n');
  }
}));`;
  const file = join(temporaryFolder(), 'writer.mts');
  writeFileSync(file, script);
  for (const count of [1, 30, 77]) {
    const writer = spawn(process.execPath, ['--import', 'tsx', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: join(import.meta.dirname, '../../..'),
    });
    const keys: string[] = [];
    for await (const line of createInterface({ input: writer.stdout }))
      if (line.length === 64 && keys.push(line) === count) writer.kill('SIGKILL');
    const store = await openStore(home);
    for (const key of keys) expect(await findAction(store, key, { verify: true })).toBeDefined();
    expect(keys.length).toBeGreaterThanOrEqual(count);
    expect(await verifyStore(store)).toMatchObject({ damaged: [], incomplete: [] });
  }
});
