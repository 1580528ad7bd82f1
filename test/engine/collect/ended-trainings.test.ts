import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { recordAction, thisMachine } from '../../../engine/actions/actions.ts';
import { openCheckpoints } from '../../../engine/checkpoints/checkpoints.ts';
import { pinCheckpoints } from '../../../engine/checkpoints/pins.ts';
import { endedTrainings } from '../../../engine/collect/ended-trainings.ts';
import { sha256 } from '../../../engine/keys/keys.ts';
import { objectPath } from '../../../engine/store/layout.ts';
import { openStore, type Store } from '../../../engine/store/store.ts';
import { temporaryFolder } from '../support/folders.ts';

let store: Store;
beforeEach(async () => {
  store = await openStore(temporaryFolder());
});
const trajectory = sha256('a training');
const save = (step: number) =>
  openCheckpoints(store, trajectory).save(step, {}, async (folder) => writeFileSync(join(folder, 'weights'), 'x'.repeat(100)));
/** A result of the training that was there so many milliseconds from now. */
async function result(key: string, inMs: number) {
  const model = await store.putJson(`model ${key}`);
  const startedAt = new Date(Date.now() + inMs).toISOString();
  const made = { params: {}, inputs: {}, outputs: { model }, code: { digest: '', modules: {} }, machine: thisMachine() };
  await recordAction(store, {
    format: 1,
    key: sha256(key),
    task: 'train',
    node: 'joint',
    ...made,
    startedAt,
    seconds: 0,
    attempts: 1,
    token: 0,
    trajectory,
  });
  return model;
}

describe('a training that has ended', () => {
  test('is one whose result is in the store, with what its checkpoints take', async () => {
    await save(5);
    await save(10);
    expect(await endedTrainings(store)).toEqual([]);
    await result('ten steps', 1000);
    expect(await endedTrainings(store)).toMatchObject([{ trajectory, node: 'joint', steps: [10, 5], bytes: 200 }]);
  });

  test('is none where something was saved behind its result: a continuation that failed, was stopped or runs', async () => {
    await result('ten steps', -1000);
    await save(15);
    expect(await endedTrainings(store)).toEqual([]);
    await result('fifteen steps', 1000);
    expect(await endedTrainings(store)).toHaveLength(1);
  });

  test('is none while it is pinned', async () => {
    await save(10);
    await result('ten steps', 1000);
    pinCheckpoints(store, trajectory, true);
    expect(await endedTrainings(store)).toEqual([]);
    pinCheckpoints(store, trajectory, false);
    expect(await endedTrainings(store)).toHaveLength(1);
  });

  test('is none whose result is about to be collected, too', async () => {
    await save(10);
    await result('ten steps', 1000);
    expect(await endedTrainings(store, ({ key }) => key !== sha256('ten steps'))).toEqual([]);
  });

  test('is none whose result is damaged: it would have to go on from its checkpoint', async () => {
    await save(10);
    const model = await result('ten steps', 1000);
    rmSync(objectPath(store.root, model.digest));
    expect(await endedTrainings(store)).toEqual([]);
  });
});
