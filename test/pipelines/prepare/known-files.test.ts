import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Artifact } from '../../../engine/define/ports.ts';
import type { TaskContext } from '../../../engine/define/task.ts';
import { sha256 } from '../../../engine/keys/keys.ts';
import { objectPath } from '../../../engine/store/layout.ts';
import { openKnownFiles } from '../../../pipelines/video-to-audio/prepare/known-files.ts';
import { type Setup, setUp } from '../evaluate/trees.ts';

let setup: Setup;
let path: string;
/** Files that the store was asked to read. */
let read: string[];
let context: TaskContext;
beforeEach(async () => {
  setup = await setUp();
  path = join(setup.folder, 'clip.wav');
  read = [];
  const putFile = async (file: string, known?: Artifact) => {
    if (known === undefined) read.push(file);
    return setup.store.putFile(file, known);
  };
  context = Object.create(setup.context, { putFile: { value: putFile } });
});
afterEach(() => rm(setup.folder, { recursive: true, force: true }));

/** A file as old as those of a set are. */
async function write(content: string, changed = new Date('2020-01-01')): Promise<void> {
  await writeFile(path, content);
  await utimes(path, changed, changed);
}
async function ingest(): Promise<string> {
  const files = await openKnownFiles(context, setup.folder);
  const { digest } = await files.put(path);
  await files.keep();
  return digest;
}

describe('a file of a source', () => {
  it('that has not changed is not read by the next ingest', async () => {
    await write('one');
    expect([await ingest(), await ingest()]).toEqual([sha256('one'), sha256('one')]);
    expect(read).toEqual([path]);
  });

  it('that has other content is read, even with the same size and time of change', async () => {
    await write('one');
    await ingest();
    await write('two');
    expect(await ingest()).toBe(sha256('two'));
    expect(read).toHaveLength(2);
  });

  it('that was written a moment ago is not trusted to stay', async () => {
    await write('one', new Date());
    await ingest();
    await ingest();
    expect(read).toHaveLength(2);
  });

  it('whose content is gone from the store is stored again, and so is everything when nothing is remembered', async () => {
    await write('one');
    const object = objectPath(setup.store.root, await ingest());
    await rm(object);
    await ingest();
    expect(await setup.store.has({ form: 'file', digest: sha256('one'), bytes: 3 }, { verify: true })).toBe(true);
    await writeFile(join(setup.folder, 'ingest', `${sha256(setup.folder)}.json`), '[["cut');
    expect(await ingest()).toBe(sha256('one'));
  });
});
