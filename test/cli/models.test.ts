import { utimesSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { openRegistry } from '../../engine/registry/registry.ts';
import { objectPath } from '../../engine/store/layout.ts';
import { openStore } from '../../engine/store/store.ts';
import { CommandLine } from './support/command-line.ts';

let command: CommandLine;
beforeEach(async () => {
  command = new CommandLine();
  const ledger = openLedger(command.home);
  for (const [digit, promote] of [
    ['a', true],
    ['b', false],
  ] as const) {
    const artifact = { form: 'tree', digest: digit.repeat(64), bytes: 2048 } as const;
    const row = { run: 'w/1', node: `train-${digit}`, output: 'model', ...artifact };
    ledger.append('artifacts', [row]);
    ledger.append('nodes', [{ run: 'w/1', node: row.node, task: 'train', status: 'done', cache: 'miss' }]);
    const entry = { artifact, measure: 'piano: midi-f1', value: 0.5 };
    await openRegistry(ledger).register('m', entry, async () => ({ promote, by: 'rule', reason: 'as measured' }));
  }
  ledger.append('runs', [{ run: 'w/1', pipeline: 'p', status: 'done' }]);
  await ledger.close();
});
afterEach(() => command.end());

test('models are listed with their aliases', async () => {
  const { stdout } = await command.here('models', 'ls');
  expect(stdout).toMatch(/m +1 +champion +piano: midi-f1 0\.5 +2\.0 KiB/);
  expect(stdout).toMatch(/m +2 +candidate/);
  expect((await command.here('models', 'ls', 'other', '--json')).json()).toEqual({ models: [] });
});

test('a version says why it is what it is, and which run made it', async () => {
  const { stdout } = await command.here('models', 'show', 'm');
  expect(stdout).toContain('made by  w/1, node train-a');
  expect(stdout).toContain('champion by rule: as measured');
});

test('an alias can be moved by hand; one that is not allowed says so', async () => {
  expect((await command.here('models', 'alias', 'm', 'champion', 'candidate', '--note', 'clearer')).code).toBe(0);
  const shown = (await command.here('models', 'show', 'm', 'champion', '--json')).json<{ version: number; aliases: object[] }>();
  expect(shown.version).toBe(2);
  expect(shown.aliases).toContainEqual(expect.objectContaining({ alias: 'champion', reason: 'clearer' }));
  const refused = await command.here('models', 'alias', 'm', 'v3', '1', '--json');
  expect(refused.code).toBe(3);
  expect(refused.json()).toMatchObject({ error: { code: 'BAD_ALIAS' } });
});

test('a registered model outlives a collection that keeps no run', async () => {
  const store = await openStore(command.home);
  const keep = await store.putJson({ weights: 1 });
  const drop = await store.putJson({ weights: 2 });
  const ledger = openLedger(command.home);
  await openRegistry(ledger).register('kept', { artifact: keep }, async () => ({ promote: true, by: 'rule', reason: '' }));
  for (const { digest } of [keep, drop]) utimesSync(objectPath(store.root, digest), 1, 1);
  await ledger.close();
  const collected = await command.here('gc', '--keep-runs', '0', '--keep-days', '0', '--json');
  expect(collected.code).toBe(0);
  expect([await store.has(keep), await store.has(drop)]).toEqual([true, false]);
  // What it is known by has been moved into Parquet meanwhile.
  expect(collected.json<{ rows: number }>().rows).toBeGreaterThan(0);
  expect((await command.here('models', 'show', 'kept', '--json')).json()).toMatchObject({ name: 'kept', artifact: keep });
});
