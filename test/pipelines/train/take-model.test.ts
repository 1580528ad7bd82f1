import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { takeModel } from '../../../pipelines/video-to-audio/train/take-model.ts';
import { type Setup, setUp } from '../evaluate/trees.ts';
import { trainingContext } from '../features.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
afterAll(() => rm(setup.folder, { recursive: true, force: true }));

const take = (digest: string) => takeModel({ inputs: {}, params: { digest }, item: undefined, context: trainingContext(setup, digest) });

it('a model that was brought is the node’s own output, with the same content', async () => {
  const folder = join(setup.folder, 'brought');
  await mkdir(join(folder, 'inner'), { recursive: true });
  await writeFile(join(folder, 'inner', 'weights'), 'seven');
  const brought = await setup.store.putTree(folder);
  const { model } = await take(brought.digest);
  expect(await setup.store.putTree(model)).toEqual(brought);
  expect(await readFile(join(model, 'inner', 'weights'), 'utf8')).toBe('seven');
});

it('a model that is not there is told by its digest, with the command that brings it', async () => {
  const digest = 'ab'.repeat(32);
  await expect(take(digest)).rejects.toMatchObject({
    code: 'WEIGHTS_NOT_IMPORTED',
    problems: [{ where: `weights, ${digest}`, hint: expect.stringContaining('sostenuto weights import') }],
  });
});
