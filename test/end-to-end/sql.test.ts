import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { RunReport } from '../../activities/messages.ts';
import { CommandLine } from '../cli/support/command-line.ts';
import { freePort, hasServer } from './fixtures/server.ts';

describe.runIf(hasServer)('SQL while a run is on', { timeout: 240_000 }, async () => {
  const folder = join(import.meta.dirname, 'fixtures', 'catalogued');
  const sostenuto = new CommandLine({ folder, ports: [await freePort(), await freePort(), await freePort()] });
  afterAll(() => sostenuto.end());
  const ask = async (query: string) => {
    const { code, stderr, json } = await sostenuto.run('sql', '--json', query);
    expect(code, stderr).toBe(0);
    return json<{ rows: Record<string, unknown>[] }>().rows;
  };
  const points = async () => Number((await ask("SELECT count(*) AS n FROM metrics WHERE name = 'loss'"))[0]?.['n']);

  test('the run, the curve of its training, its clips and their features are there, also for several who ask at once', async () => {
    const early = await sostenuto.run('sql', 'SELECT * FROM clips');
    expect([early.code, early.stderr]).toEqual([3, expect.stringContaining('NO_SUCH_ARTIFACT')]);
    const { child, finished } = sostenuto.start('run', 'catalogued', '--json');
    await vi.waitUntil(async () => (await points()) > 0, { timeout: 120_000 });
    const features =
      'SELECT id, split, seconds, feature, rows FROM clips JOIN features USING (id, shard) WHERE reason IS NULL ORDER BY seconds';
    const [clips, runs, before] = await Promise.all([ask(features), ask('SELECT pipeline, status FROM runs'), points()]);
    expect(clips).toEqual([
      { id: 'short', split: 'train', seconds: 1, feature: 'latents', rows: 75 },
      { id: 'long', split: 'train', seconds: 2, feature: 'latents', rows: 150 },
    ]);
    expect(runs).toEqual([{ pipeline: 'catalogued', status: 'running' }]);
    await vi.waitUntil(async () => (await points()) > before, { timeout: 60_000 });
    child.kill('SIGINT');
    expect((await finished).json<RunReport>().status).toBe('canceled');
    expect(await ask('SELECT status FROM runs')).toEqual([{ status: 'canceled' }]);
    expect(await ask(features)).toEqual(clips);
  });
});
