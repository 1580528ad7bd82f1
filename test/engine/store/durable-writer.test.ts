import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../../engine/store/store.ts';
import { temporaryFolder } from '../support/folders.ts';

/** A store that counts the steps of its writes. */
async function counting() {
  const steps: string[] = [];
  const store = await openStore(temporaryFolder(), { onStep: (step) => steps.push(step) });
  const count = (step: string) => steps.filter((one) => one === step).length;
  return { store, count };
}

describe('a durable write', () => {
  test('syncs its file once and its folder once', async () => {
    const { store, count } = await counting();
    await store.writer.write(join(store.root, 'tmp', 'one'), 'text');
    expect([count('synced'), count('renamed'), count('folder-synced')]).toEqual([1, 1, 1]);
  });

  test('of what is there already is none', async () => {
    const { store, count } = await counting();
    for (let i = 0; i < 5; i++) await store.putJson({ same: true });
    expect(count('synced')).toBe(1);
  });

  test('waits for its condition before it becomes visible', async () => {
    const { store } = await counting();
    const path = join(store.root, 'tmp', 'waiting');
    let fulfil = (): void => {};
    const after = new Promise<void>((done) => {
      fulfil = done;
    });
    const written = store.writer.write(path, 'text', { after: () => after });
    await new Promise((later) => setTimeout(later, 50));
    expect(existsSync(path)).toBe(false);
    fulfil();
    await written;
    expect(existsSync(path)).toBe(true);
  });

  test('whose condition fails leaves nothing, and its neighbours are not held up', async () => {
    const { store } = await counting();
    const at = (name: string) => join(store.root, 'tmp', name);
    const refused = store.writer.write(at('refused'), 'text', { after: () => Promise.reject(new Error('the grant was not written')) });
    const neighbour = store.writer.write(at('neighbour'), 'text');
    await expect(refused).rejects.toThrow('the grant was not written');
    await neighbour;
    expect([existsSync(at('refused')), existsSync(at('neighbour'))]).toEqual([false, true]);
  });
});
