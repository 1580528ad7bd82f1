import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RunReport } from '../../activities/messages.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { openRegistry } from '../../engine/registry/registry.ts';
import { addFilm, makeWeekly, weeklyRuns } from './weekly.ts';

const root = join(import.meta.dirname, '../..');
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'sostenuto-tiny-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** The command as a user types it, with a home of its own; `run` brings its own server and workers. */
const entry = join(root, 'cli/sostenuto.mjs');
const options = (cwd: string) => ({ cwd, env: { ...process.env, SOSTENUTO_HOME: home }, maxBuffer: 1 << 26 });
const command = async (cwd: string, ...words: string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [entry, ...words], options(cwd))).stdout;
const run = async (...words: string[]): Promise<RunReport> =>
  JSON.parse((await command(root, 'run', ...words, '--json')).trim().split('\n').at(-1) ?? '');
const executed = (report: RunReport) => report.nodes.filter(({ cache }) => cache === 'miss').map(({ id }) => id);

describe('the whole pipeline in its tiny size', () => {
  test('from nothing to sound, then nothing again, then only what reads a changed setting', { timeout: 600_000 }, async () => {
    const first = await run('video-to-audio', '--preset', 'tiny');
    expect(first.status).toBe('done');
    expect(first.nodes.every(({ status, attempts }) => status === 'done' && attempts <= 1)).toBe(true);
    const page = await readFile(first.report ?? '', 'utf8');
    for (const shown of ['si-sdr-magnitude', '<audio', 'velocity', 'preferred']) expect(page).toContain(shown);

    const again = await run('video-to-audio', '--preset', 'tiny');
    expect(executed(again)).toEqual([]);
    expect(again.nodes.map(({ id, outputs }) => [id, outputs])).toEqual(first.nodes.map(({ id, outputs }) => [id, outputs]));

    const changed = await run('video-to-audio', '--preset', 'tiny', '--set', 'preferences.beta=100');
    expect(executed(changed)).toEqual(['preferred', 'preferred-samples', 'preferred-evaluation', 'comparison', 'register']);
    expect((await openRegistry(openLedger(home)).versions('video-to-audio')).map(({ version }) => version)).toEqual([1, 2]);
  });

  test('its champion is evaluated each week on what is new, by a schedule, and a backfill finds the same', {
    timeout: 600_000,
  }, async () => {
    const project = join(home, 'weekly');
    await makeWeekly(project, root);
    await addFilm(project, 'flash', '2026-03-03', 440);
    await addFilm(project, 'blink', '2026-03-10', 660);
    await addFilm(project, 'spark', '2026-03-15T23:59:59Z', 880);
    const up = spawn(process.execPath, [entry, 'up', '--json'], { ...options(project), stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await new Promise((ready) => up.stdout.once('data', ready));
      expect(await command(project, 'schedule', 'apply')).toContain('weekly: created');
      const backfill = async (count: number) => {
        await command(project, 'schedule', 'backfill', 'weekly', '--from', '2026-03-08T23:00:00Z', '--to', '2026-03-16T01:00:00Z');
        return vi.waitUntil(
          async () => {
            const runs = await weeklyRuns(home);
            return runs.length === count && runs;
          },
          { timeout: 280_000, interval: 500 },
        );
      };
      const [first, second] = await backfill(2);
      expect([first?.at, second?.at]).toEqual(['2026-03-09T00:00:00.000Z', '2026-03-16T00:00:00.000Z']);
      expect([first?.clips, second?.clips]).toEqual([['flash'], ['blink', 'spark']]);
      for (const one of [first, second]) expect(one?.executed).toEqual(expect.arrayContaining(['champion-samples', 'comparison']));
      expect(first?.measured['champion: log-mel-distance']).toBeGreaterThan(0);
      expect(second?.measured).not.toEqual(first?.measured);

      // A film for another week, which is not over, moves neither.
      await addFilm(project, 'late', '2026-03-20', 550);
      const again = await backfill(4);
      expect(again.map(({ clips, measured }) => ({ clips, measured }))).toEqual(
        [first, first, second, second].map((one) => ({ clips: one?.clips, measured: one?.measured })),
      );
      const repeated = again.filter(({ executed }) => !executed.includes('champion-samples'));
      expect(repeated.map(({ executed }) => executed)).toEqual([['test-ingest'], ['test-ingest']]);
      expect(await readFile(join(home, 'reports/history/index.html'), 'utf8')).toContain('champion: log-mel-distance');
    } finally {
      const ended = new Promise((done) => up.once('close', done));
      up.kill('SIGTERM');
      await ended;
    }
  });

  test('the codec is trained by its own pipeline', { timeout: 300_000 }, async () => {
    const report = await run('codec', '--preset', 'tiny');
    expect(report.status).toBe('done');
  });
});
