import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { verifyStore } from '../../../engine/collect/cache.ts';
import type { Artifact } from '../../../engine/define/ports.ts';
import { sha256 } from '../../../engine/keys/keys.ts';
import { objectPath } from '../../../engine/store/layout.ts';
import { openStore } from '../../../engine/store/store.ts';
import { temporaryFolder } from '../support/folders.ts';

/** Overwrites bytes of an object as a bad disk would. */
function damage(root: string, artifact: Artifact, change: (path: string) => void): void {
  const path = objectPath(root, artifact.digest);
  chmodSync(path, 0o644);
  change(path);
}

describe('a JSON value', () => {
  test('comes back as it was', async () => {
    const store = await openStore(temporaryFolder());
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        expect(await store.readJson(await store.putJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 30 },
    );
  });
  test('is named by the sha256 of its canonical text and lies read-only', async () => {
    const store = await openStore(temporaryFolder());
    const artifact = await store.putJson({ b: 1, a: [true] });
    const text = '{"a":[true],"b":1}';
    expect(artifact).toEqual({ form: 'json', digest: sha256(text), bytes: text.length });
    const path = objectPath(store.root, artifact.digest);
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(statSync(path).mode & 0o222).toBe(0);
  });
  test('is written once', async () => {
    const store = await openStore(temporaryFolder());
    const artifact = await store.putJson([1]);
    const before = statSync(objectPath(store.root, artifact.digest)).ino;
    await store.putJson([1]);
    expect(statSync(objectPath(store.root, artifact.digest)).ino).toBe(before);
  });
  test.each([
    ['small', 100],
    ['large', (1 << 20) + 5],
  ])('that is damaged is replaced by whoever stores it again (%s file)', async (_, bytes) => {
    const [home, folder] = [temporaryFolder(), temporaryFolder()];
    const store = await openStore(home);
    writeFileSync(join(folder, 'x'), Buffer.alloc(bytes, 1));
    const artifact = await store.putFile(join(folder, 'x'));
    damage(store.root, artifact, (path) => writeFileSync(path, Buffer.alloc(bytes, 2)));
    await store.putFile(join(folder, 'x'));
    expect(await store.has(artifact, { verify: true })).toBe(true);
  });
  test.each([
    ['is missing', (path: string) => rmSync(path), 'OBJECT_MISSING'],
    ['lost its end', (path: string) => writeFileSync(path, '{"a"'), 'OBJECT_DAMAGED'],
    ['has a wrong byte', (path: string) => writeFileSync(path, '{"a":2}'), 'OBJECT_DAMAGED'],
  ])('that %s is refused', async (_, change, code) => {
    const store = await openStore(temporaryFolder());
    const artifact = await store.putJson({ a: 1 });
    damage(store.root, artifact, change);
    await expect(store.readJson(artifact)).rejects.toMatchObject({ code });
  });
});

describe('a file', () => {
  test.each([
    ['empty', 0],
    ['small', 1000],
    ['large enough to be streamed', (1 << 20) + 17],
  ])('that is %s comes back byte by byte', async (_, bytes) => {
    const [home, folder] = [temporaryFolder(), temporaryFolder()];
    const store = await openStore(home);
    const content = Buffer.alloc(bytes, 'abc');
    writeFileSync(join(folder, 'x'), content);
    const artifact = await store.putFile(join(folder, 'x'));
    expect(artifact).toEqual({ form: 'file', digest: sha256(content), bytes });
    expect(readFileSync((await store.openFile(artifact)).path).equals(content)).toBe(true);
    expect(readdirSync(join(store.root, 'tmp'))).toEqual([]);
  });
  test('that is a link or a directory is refused', async () => {
    const [home, folder] = [temporaryFolder(), temporaryFolder()];
    const store = await openStore(home);
    symlinkSync('/etc/hostname', join(folder, 'link'));
    await expect(store.putFile(join(folder, 'link'))).rejects.toMatchObject({ code: 'NOT_A_FILE' });
    await expect(store.putFile(folder)).rejects.toMatchObject({ code: 'NOT_A_FILE' });
  });
  test('that became shorter is not opened', async () => {
    const [home, folder] = [temporaryFolder(), temporaryFolder()];
    const store = await openStore(home);
    writeFileSync(join(folder, 'x'), 'content');
    const artifact = await store.putFile(join(folder, 'x'));
    damage(store.root, artifact, (path) => writeFileSync(path, 'cont'));
    await expect(store.openFile(artifact)).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
    expect(await store.has(artifact)).toBe(false);
  });
  test('with a wrong byte is found by verifying only', async () => {
    const [home, folder] = [temporaryFolder(), temporaryFolder()];
    const store = await openStore(home);
    writeFileSync(join(folder, 'x'), 'content');
    const artifact = await store.putFile(join(folder, 'x'));
    damage(store.root, artifact, (path) => writeFileSync(path, 'cXntent'));
    expect(await store.has(artifact)).toBe(true);
    expect(await store.has(artifact, { verify: true })).toBe(false);
  });
});

describe('a tree', () => {
  const fileName = fc.stringMatching(/^[a-z]{1,3}$/);
  const treeOf = fc.dictionary(
    fc.array(fileName, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
    fc.string({ maxLength: 20 }),
    { maxKeys: 6 },
  );
  /** No name may be a file and a folder at once. */
  const isPossible = (files: object) =>
    Object.keys(files).every((name) => !Object.keys(files).some((other) => other.startsWith(`${name}/`)));

  test('comes back file by file, and its digest does not depend on the order of writing', async () => {
    const store = await openStore(temporaryFolder());
    await fc.assert(
      fc.asyncProperty(treeOf.filter(isPossible), async (files) => {
        const write = (entries: [string, string][]) => {
          const folder = temporaryFolder();
          for (const [name, content] of entries) {
            mkdirSync(join(folder, name, '..'), { recursive: true });
            writeFileSync(join(folder, name), content);
          }
          return store.putTree(folder);
        };
        const artifact = await write(Object.entries(files));
        expect(await write(Object.entries(files).reverse())).toEqual(artifact);
        const opened = await store.openTree(artifact);
        expect(Object.fromEntries([...opened.files].map(([name, path]) => [name, readFileSync(path, 'utf8')]))).toEqual({ ...files });
      }),
      { numRuns: 20 },
    );
  });

  test.each([
    ['a link', (folder: string) => symlinkSync('/etc/hostname', join(folder, 'inner/link'))],
    ['a link to a directory', (folder: string) => symlinkSync('/etc', join(folder, 'inner/link'))],
    ['a name with a backslash', (folder: string) => writeFileSync(join(folder, 'inner/a\\b'), '')],
  ])('with %s is refused', async (_, spoil) => {
    const [home, folder] = [temporaryFolder(), temporaryFolder()];
    mkdirSync(join(folder, 'inner'));
    spoil(folder);
    await expect((await openStore(home)).putTree(folder)).rejects.toMatchObject({ code: 'TREE_UNSAFE' });
  });

  test.each([['../outside'], ['/absolute'], ['a/../../outside'], ['a\\b'], [''], ['a//b'], ['./a']])(
    'whose listing names "%s" is not opened',
    async (name) => {
      const store = await openStore(temporaryFolder());
      const listing = await store.putJson({ files: [{ name, digest: 'a'.repeat(64), bytes: 1 }] });
      await expect(store.openTree({ ...listing, form: 'tree', bytes: 1 })).rejects.toMatchObject({ code: 'TREE_UNSAFE' });
    },
  );

  test('is complete only with every file', async () => {
    const [home, folder] = [temporaryFolder(), temporaryFolder()];
    const store = await openStore(home);
    for (const name of ['a', 'b']) writeFileSync(join(folder, name), `content of ${name}`);
    const artifact = await store.putTree(folder);
    expect(await store.has(artifact, { verify: true })).toBe(true);
    rmSync(objectPath(store.root, sha256('content of b')));
    expect(await store.has(artifact)).toBe(false);
  });
});

test('a reference that is not a digest never becomes a path', async () => {
  const store = await openStore(temporaryFolder());
  await expect(store.openFile({ form: 'file', digest: '../../etc/passwd', bytes: 1 })).rejects.toMatchObject({ code: 'BAD_DIGEST' });
});

describe('what a process leaves that dies while writing', () => {
  /** Writes three things and stops at the n-th step; returns false when there were fewer steps. */
  async function writeUntil(home: string, source: string, count: number): Promise<boolean> {
    let steps = 0;
    const store = await openStore(home, {
      onStep: () => {
        if (steps++ === count) throw new Error('killed');
      },
    });
    try {
      await store.putJson({ value: 1 });
      await store.putFile(join(source, 'large'));
      await store.putTree(source);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ message: 'killed' });
      return false;
    }
  }

  test('is never half an object, and the next attempt completes it', async () => {
    const source = temporaryFolder();
    writeFileSync(join(source, 'small'), 'small');
    writeFileSync(join(source, 'large'), Buffer.alloc((1 << 20) + 1, 7));
    let isDone = false;
    for (let count = 0; !isDone; count++) {
      const home = temporaryFolder();
      isDone = await writeUntil(home, source, count);
      const store = await openStore(home);
      expect((await verifyStore(store)).damaged).toEqual([]);
      const tree = await store.putTree(source);
      expect(await store.has(tree, { verify: true })).toBe(true);
    }
  });

  test('would be seen if it were half an object', async () => {
    const store = await openStore(temporaryFolder());
    const artifact = await store.putJson({ value: 1 });
    damage(store.root, artifact, (path) => appendFileSync(path, '!'));
    expect((await verifyStore(store)).damaged).toEqual([artifact.digest]);
  });
});
