import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NodeReport } from '../../../activities/messages.ts';
import { leftOutLines } from '../../../cli/session/left-out.ts';
import { openStore, type Store } from '../../../engine/store/store.ts';

const home = mkdtempSync(join(tmpdir(), 'left-out-'));
let store: Store;
beforeAll(async () => {
  store = await openStore(home);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const node = (id: string, outputs: NodeReport['outputs']): NodeReport => ({
  ...{ id, task: id, status: 'done', cache: 'miss', key: id, attempts: 1, seconds: 1 },
  outputs,
});

test('a run that left things out counts them, with the first reasons', async () => {
  const quarantined = await store.putJson(['a', 'b', 'c', 'd'].map((id) => ({ id, reason: 'silent' })));
  const measures = await store.putJson([{ id: 'x', reason: 'no list of what was left out' }]);
  expect(await leftOutLines(store, { nodes: [node('judge', { measures }), node('comparison', { quarantined })] }, 2)).toEqual([
    '4 items left out, each with its reason in the report:',
    '  a: silent',
    '  b: silent',
    '  and 2 more',
  ]);
});

test('nothing is said where nothing was left out, or where the list is gone', async () => {
  const quarantined = await store.putJson([]);
  const gone = { digest: 'f'.repeat(64), bytes: 9 };
  expect(await leftOutLines(store, { nodes: [node('a', { quarantined }), node('b', { quarantined: gone })] })).toEqual([]);
});
