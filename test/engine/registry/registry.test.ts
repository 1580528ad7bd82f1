import { describe, expect, test } from 'vitest';
import type { Artifact } from '../../../engine/define/ports.ts';
import { openLedger } from '../../../engine/ledger/ledger.ts';
import { openRegistry, registeredArtifacts } from '../../../engine/registry/registry.ts';
import { temporaryFolder } from '../support/folders.ts';

const model = (digit: string): Artifact => ({ form: 'tree', digest: digit.repeat(64), bytes: 10 });
const yes = async () => ({ promote: true, by: 'rule', reason: 'better' });
const no = async () => ({ promote: false, by: 'rule', reason: 'not better' });
const registryOf = (home: string) => openRegistry(openLedger(home));
const named = async (home: string) =>
  Object.fromEntries((await registryOf(home).aliases('m')).map(({ alias, version }) => [alias, version]));

describe('the registry of models', () => {
  test('numbers versions from 1, calls the newest the candidate and a better one the champion', async () => {
    const home = temporaryFolder();
    expect(await registryOf(home).register('m', { artifact: model('a') }, yes)).toMatchObject({ version: 1, promote: true });
    expect(await registryOf(home).register('m', { artifact: model('b') }, no)).toMatchObject({ version: 2, promote: false });
    expect(await named(home)).toEqual({ candidate: 2, champion: 1 });
    expect((await registryOf(home).find('m', 'champion')).artifact).toEqual(model('a'));
    expect((await registryOf(home).find('m', '2')).artifact).toEqual(model('b'));
  });

  test('shows the judge the champion of that moment', async () => {
    const home = temporaryFolder();
    const seen: (number | undefined)[] = [];
    for (const digit of ['a', 'b', 'c'])
      await registryOf(home).register('m', { artifact: model(digit) }, async (champion) => {
        seen.push(champion?.version);
        return { promote: digit !== 'b', by: 'rule', reason: '' };
      });
    expect(seen).toEqual([undefined, 1, 1]);
  });

  test('gives the same content the same version', async () => {
    const home = temporaryFolder();
    await registryOf(home).register('m', { artifact: model('a') }, yes);
    await registryOf(home).register('m', { artifact: model('b') }, no);
    expect((await registryOf(home).register('m', { artifact: model('a') }, no)).version).toBe(1);
    expect(await registryOf(home).versions('m')).toHaveLength(2);
  });

  test('gives no version twice when several register at once', async () => {
    const home = temporaryFolder();
    const all = await Promise.all(['a', 'b', 'c', 'd'].map((digit) => registryOf(home).register('m', { artifact: model(digit) }, no)));
    expect(all.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4]);
  });

  test('keeps names apart', async () => {
    const home = temporaryFolder();
    await registryOf(home).register('m', { artifact: model('a') }, yes);
    expect(await registryOf(home).register('other', { artifact: model('b') }, yes)).toMatchObject({ version: 1 });
  });

  test('points further aliases at versions, and says what exists when asked for something else', async () => {
    const home = temporaryFolder();
    const registry = registryOf(home);
    await registry.register('m', { artifact: model('a') }, yes);
    await registry.setAlias('m', 'demo-day', '1', 'ann', 'nice bass');
    expect(await registry.find('m', 'demo-day')).toMatchObject({ version: 1 });
    await expect(registry.find('m', '7')).rejects.toThrow(/expected: 1, candidate, champion, demo-day/);
    await expect(registry.find('nobody', '1')).rejects.toThrow(/none is registered/);
  });

  test.each(['latest', 'v1', 'V12', 'two words', ''])('refuses the alias "%s"', async (alias) => {
    const registry = registryOf(temporaryFolder());
    await registry.register('m', { artifact: model('a') }, yes);
    await expect(registry.setAlias('m', alias, '1', 'ann', '')).rejects.toMatchObject({ code: 'BAD_ALIAS' });
  });

  test('registers nothing when the judge fails', async () => {
    const home = temporaryFolder();
    const failing = registryOf(home).register('m', { artifact: model('a') }, () => Promise.reject(new Error('no scores')));
    await expect(failing).rejects.toThrow('no scores');
    expect(await registryOf(home).versions()).toEqual([]);
    expect(await registryOf(home).register('m', { artifact: model('a') }, yes)).toMatchObject({ version: 1 });
  });

  test('names what must outlive a garbage collection', async () => {
    const home = temporaryFolder();
    const scores: Artifact = { form: 'json', digest: 'f'.repeat(64), bytes: 3 };
    expect(await registeredArtifacts(openLedger(home))).toEqual([]);
    await registryOf(home).register('m', { artifact: model('a'), scores }, yes);
    expect(await registeredArtifacts(openLedger(home))).toEqual([model('a'), scores]);
  });
});
