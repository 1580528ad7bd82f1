import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Dependencies } from '../../activities/dependencies.ts';
import { withNamedModels } from '../../activities/plan/named-models.ts';
import { recordAction, thisMachine } from '../../engine/actions/actions.ts';
import type { Artifact } from '../../engine/define/ports.ts';
import { openRegistry } from '../../engine/registry/registry.ts';
import { testDependencies } from './fixtures/dependencies.ts';

let deps: Dependencies & { remove(): void };
beforeEach(async () => {
  deps = await testDependencies();
});
afterEach(() => deps.remove());

const tree = (digit: string): Artifact => ({ form: 'tree', digest: digit.repeat(64), bytes: 10 });
const register = (digit: string, promote: boolean) =>
  openRegistry(deps.ledger).register('m', { artifact: tree(digit) }, async () => ({ promote, by: 'rule', reason: '' }));
/** A sampling of a model for some originals. */
const sampled = (model: string, originals: string, sounds: string, startedAt: string, params: object = {}) =>
  recordAction(deps.store, {
    format: 1,
    key: sounds.repeat(64),
    task: 'sampleStage',
    params,
    inputs: { model: model.repeat(64), references: originals.repeat(64) },
    outputs: { generated: tree(sounds) },
    code: { digest: 'c', modules: {} },
    machine: thisMachine(),
    startedAt,
    seconds: 1,
    attempts: 1,
    token: 0,
  });
const resolved = async (settings: unknown) =>
  (await withNamedModels({ settings: settings as Record<string, unknown> }, async () => deps)).settings;

describe('a registered model in the settings of a run', () => {
  test('is whatever has the alias when the run is planned, or the version that is said', async () => {
    const settings = { weights: { velocity: 'models:/m@champion' }, list: ['models:/m/2', 'text', 7] };
    await register('a', true);
    await register('b', false);
    expect(await resolved(settings)).toEqual({ weights: { velocity: 'a'.repeat(64) }, list: ['b'.repeat(64), 'text', 7] });
    await register('c', true);
    expect(await resolved(settings)).toMatchObject({ weights: { velocity: 'c'.repeat(64) } });
  });

  test('stands for the sounds that were last sampled from it with captions, and for their originals', async () => {
    await register('a', true);
    await sampled('a', '1', '2', '2026-01-01T00:00:00.000Z');
    await sampled('a', '3', '4', '2026-01-02T00:00:00.000Z');
    await sampled('a', '3', '5', '2026-01-03T00:00:00.000Z', { withoutText: true });
    await sampled('b', '3', '6', '2026-01-04T00:00:00.000Z');
    expect(await resolved({ references: 'references:/m@champion', systems: { champion: 'sounds:/m@champion' } })).toEqual({
      references: '3'.repeat(64),
      systems: { champion: '4'.repeat(64) },
    });
  });

  test('stands for the sounds that it was registered by, whatever it was sampled for later', async () => {
    const scores = await deps.store.putJson({ protocol: '1'.repeat(64) });
    await openRegistry(deps.ledger).register('m', { artifact: tree('a'), scores }, async () => ({ promote: true, by: 'rule', reason: '' }));
    await sampled('a', '1', '2', '2026-01-01T00:00:00.000Z');
    await sampled('a', '3', '4', '2026-01-02T00:00:00.000Z');
    expect(await resolved(['sounds:/m@champion', 'references:/m/1'])).toEqual(['2'.repeat(64), '1'.repeat(64)]);
  });

  test('stands for the settings of the run that made it', async () => {
    await register('a', true);
    await expect(resolved({ a: 'settings:/m@champion' })).rejects.toMatchObject({
      code: 'NO_SUCH_ARTIFACT',
      problems: [{ where: 'settings:/m@champion' }],
    });
    const of = { run: 'r/1', node: 'train' };
    const { digest, bytes, form } = tree('a');
    deps.ledger.append('runs', [
      { run: 'r/1', pipeline: 'p', status: 'done', startedAt: '2026-01-01T00:00:00.000Z', settings: '{"seed":7}' },
    ]);
    deps.ledger.append('nodes', [{ ...of, task: 'train', status: 'done', cache: 'miss' }]);
    deps.ledger.append('artifacts', [{ ...of, output: 'model', form, digest, bytes }]);
    await deps.ledger.flush();
    expect(await resolved({ madeWith: 'settings:/m@champion' })).toEqual({ madeWith: { seed: 7 } });
  });

  test('that is not there, or was never sampled, is an error that names it', async () => {
    await expect(resolved({ a: 'models:/m@champion' })).rejects.toMatchObject({ code: 'NO_SUCH_VERSION' });
    await register('a', true);
    await expect(resolved({ a: 'sounds:/m@champion' })).rejects.toMatchObject({
      code: 'NO_SUCH_ARTIFACT',
      problems: [{ where: 'sounds:/m@champion' }],
    });
  });

  test('settings that name none are left alone, and nothing is opened for them', async () => {
    const request = { settings: { folder: '/models:/m@champion' } };
    expect(await withNamedModels(request, () => Promise.reject(new Error('opened')))).toBe(request);
  });
});
