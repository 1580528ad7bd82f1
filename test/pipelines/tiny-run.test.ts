import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunReport } from '../../activities/messages.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { openRegistry } from '../../engine/registry/registry.ts';

const root = join(import.meta.dirname, '../..');
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'sostenuto-tiny-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** The command as a user types it, with a home of its own; it brings its own server and workers. */
async function run(...words: string[]): Promise<RunReport> {
  const call = promisify(execFile)(process.execPath, [join(root, 'cli/sostenuto.mjs'), 'run', ...words, '--json'], {
    cwd: root,
    env: { ...process.env, SOSTENUTO_HOME: home },
    maxBuffer: 1 << 26,
  });
  const { stdout } = await call;
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}
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

  test('the codec is trained by its own pipeline', { timeout: 300_000 }, async () => {
    const report = await run('codec', '--preset', 'tiny');
    expect(report.status).toBe('done');
  });
});
