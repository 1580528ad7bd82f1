import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeCatalogue } from '../../datasets/features/catalogue.ts';
import { type ActionRecord, recordAction, thisMachine } from '../../engine/actions/actions.ts';
import { openStore, type Store } from '../../engine/store/store.ts';
import { CommandLine } from './support/command-line.ts';

let command: CommandLine;
let store: Store;
beforeEach(async () => {
  command = new CommandLine();
  store = await openStore(command.home);
});
afterEach(() => command.end());

const record = async (name: string, change: Partial<ActionRecord>): Promise<void> =>
  recordAction(store, {
    format: 1,
    key: Buffer.from(name).toString('hex').padEnd(64, '0'),
    task: 'catalogue',
    node: 'catalogue',
    pipeline: 'video-to-audio',
    params: {},
    inputs: {},
    outputs: {},
    code: { digest: 'c', modules: {} },
    machine: thisMachine(),
    startedAt: '2026-01-01T00:00:00.000Z',
    seconds: 1,
    attempts: 1,
    token: 0,
    ...change,
  });

/** A catalogue node that lists these clips, a feature of each. */
async function catalogue(name: string, startedAt: string, ids: readonly string[], pipeline = 'video-to-audio'): Promise<void> {
  const put = async (view: string, rows: readonly Record<string, string>[]) => {
    const path = join(command.home, `${name}-${view}.parquet`);
    await writeCatalogue(path, { id: 'VARCHAR', ...(view === 'features' && { feature: 'VARCHAR' }) }, rows);
    return store.putFile(path);
  };
  const clips = await put(
    'clips',
    ids.map((id) => ({ id })),
  );
  const features = await put(
    'features',
    ids.map((id) => ({ id, feature: 'latents' })),
  );
  await record(name, { outputs: { clips, features }, startedAt, pipeline });
}

test('clips and features can be asked for: of each pipeline its newest catalogue', async () => {
  const before = await command.here('sql', 'SELECT * FROM clips');
  expect(before.code).toBe(3);
  expect(before.stderr).toContain('NO_SUCH_ARTIFACT');
  await catalogue('new', '2026-02-02T00:00:00.000Z', ['a', "d'accord"]);
  await catalogue('old', '2026-01-01T00:00:00.000Z', ['a', 'gone']);
  await catalogue('other', '2026-01-01T00:00:00.000Z', ['z'], 'mine');
  const { rows } = (
    await command.here('sql', '--json', 'SELECT clips.pipeline, id, feature FROM clips JOIN features USING (id) ORDER BY id')
  ).json<{ rows: unknown[] }>();
  expect(rows).toEqual([
    { pipeline: 'video-to-audio', id: 'a', feature: 'latents' },
    { pipeline: 'video-to-audio', id: "d'accord", feature: 'latents' },
    { pipeline: 'mine', id: 'z', feature: 'latents' },
  ]);
  const wrong = await command.here('sql', 'SELECT colour FROM clips');
  expect(wrong.stderr).toMatch(/BAD_QUERY[\s\S]*Tables: runs, .*clips, features\./);
});

test('what was set apart is tried again on demand: only results that left something out are forgotten', async () => {
  const unreadable = await store.putJson([{ id: 'broken', reason: 'damaged' }]);
  await record('bad', { task: 'extractMedia', node: 'media', outputs: { unreadable } });
  await record('good', { task: 'extractMedia', node: 'media', outputs: { unreadable: await store.putJson([]) } });
  await record('plain', { task: 'embedText', node: 'text', outputs: { text: unreadable } });
  expect((await command.here('cache', 'rm', '--quarantined', '--node', 'text', '--json')).json()).toEqual({ removed: [] });
  const { removed } = (await command.here('cache', 'rm', '--quarantined', '--json')).json<{ removed: string[] }>();
  expect(removed).toEqual([Buffer.from('bad').toString('hex').padEnd(64, '0')]);
});
