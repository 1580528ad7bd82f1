import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { record, report, type Setup, type SetupRecord, type Step, steps } from './modules.ts';

let root: string;
let setup: Setup;
let binary: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'setup-steps-'));
  binary = join(root, 'ffmpeg');
  writeFileSync(binary, 'a program');
  setup = {
    root,
    tools: join(root, '.sostenuto'),
    cache: join(root, 'cache'),
    env: {},
    signal: new AbortController().signal,
    needsTool: false,
    note: () => {},
  };
});
afterEach(() => rmSync(root, { recursive: true }));

/** Runs stages of steps that count how often they work. */
function world(changes: { key?: string; holds?: boolean; fails?: boolean } = {}) {
  const ran: string[] = [];
  const step = (name: Step['name'], more: Partial<Step> = {}): Step => ({
    name,
    title: name,
    key: () => 'same',
    run: async () => {
      ran.push(name);
      return { found: `found ${name}` };
    },
    ...more,
  });
  const ffmpeg = step('ffmpeg', {
    key: () => changes.key ?? 'same',
    run: async () => {
      ran.push('ffmpeg');
      return { found: '7.1', value: { source: 'PATH', ffmpeg: binary, ffprobe: binary, version: '7.1' }, files: [binary] };
    },
  });
  const temporal = step('temporal', { holds: () => changes.holds ?? true });
  const packages = step('packages', changes.fails ? { run: () => Promise.reject(new Error('npm is missing')) } : {});
  const run = (before: SetupRecord) =>
    steps.runStages([[packages], [ffmpeg, temporal]], setup, before, {
      note: () => {},
      done: () => {},
      save: (now) => record.writeRecord(setup.tools, now),
    });
  return { ran, run };
}
const recorded = () => record.readRecord(root, setup.tools);

describe('set-up', () => {
  it('does nothing the second time', async () => {
    const first = world();
    await first.run(recorded());
    expect(first.ran).toEqual(['packages', 'ffmpeg', 'temporal']);
    const second = world();
    const { outcomes } = await second.run(recorded());
    expect(second.ran).toEqual([]);
    expect(outcomes.every(({ ok, reused }) => ok && reused)).toBe(true);
    expect(recorded().ffmpeg).toEqual({ source: 'PATH', ffmpeg: binary, ffprobe: binary, version: '7.1' });
  });

  it.each([
    ['what it depends on changed', { key: 'FFMPEG_PATH=/other' }, ['ffmpeg']],
    ['what it chose does not hold any more', { holds: false }, ['temporal']],
  ])('does only the step again of which %s', async (_, changes, expected) => {
    await world().run(recorded());
    const again = world(changes);
    await again.run(recorded());
    expect(again.ran).toEqual(expected);
  });

  it('does a step again when a chosen file was replaced or removed', async () => {
    await world().run(recorded());
    utimesSync(binary, 1, 1);
    const touched = world();
    await touched.run(recorded());
    expect(touched.ran).toEqual(['ffmpeg']);
    rmSync(binary);
    const removed = world();
    const { outcomes } = await removed.run(recorded());
    expect(removed.ran).toEqual(['ffmpeg']);
    expect(outcomes.find(({ name }) => name === 'ffmpeg')?.ok).toBe(false);
  });

  it('believes no record of another place, another version, or half of one', async () => {
    await world().run(recorded());
    expect(record.readRecord('/elsewhere', setup.tools).steps).toEqual({});
    record.writeRecord(setup.tools, { ...recorded(), version: record.SETUP_VERSION + 1 });
    expect(recorded().steps).toEqual({});
    mkdirSync(setup.tools, { recursive: true });
    writeFileSync(join(setup.tools, 'setup.json'), '{"version": 1, "root":');
    expect(recorded().steps).toEqual({});
  });

  it('leaves out what only tests need, unless they come next', async () => {
    const ran: string[] = [];
    const step: Step = {
      name: 'mlflow',
      title: 'mlflow',
      isForTests: true,
      key: () => 'same',
      run: async () => {
        ran.push('mlflow');
        return { found: 'it' };
      },
    };
    const run = (needsTool: boolean) =>
      steps.runStages([[step]], { ...setup, needsTool }, recorded(), { note: () => {}, done: () => {}, save: () => {} });
    expect((await run(false)).outcomes).toEqual([]);
    expect((await run(true)).outcomes).toMatchObject([{ name: 'mlflow', ok: true }]);
    expect(ran).toEqual(['mlflow']);
  });

  it('ends after the stage that failed, with the reason, and does not start what builds on it', async () => {
    const broken = world({ fails: true });
    const { outcomes } = await broken.run(recorded());
    expect(outcomes).toMatchObject([{ name: 'packages', ok: false, found: 'npm is missing' }]);
    expect(broken.ran).toEqual([]);
  });

  it('tells later stages which TensorFlow was chosen, now or before', async () => {
    const choice = { backend: 'wasm', source: 'npm package', version: '4.22.0' } as const;
    const told: unknown[] = [];
    const tensorflow: Step = {
      name: 'tensorflow',
      title: 'TensorFlow',
      key: () => 'same',
      run: async () => ({ found: 'it', value: choice }),
    };
    const kernels: Step = {
      name: 'kernels',
      title: 'fused kernels',
      key: (now) => now.tensorflow,
      holds: (now) => told.push(now.tensorflow) > 0,
      run: async (now) => {
        told.push(now.tensorflow);
        return { found: 'it' };
      },
    };
    const run = () =>
      steps.runStages([[tensorflow], [kernels]], setup, recorded(), {
        note: () => {},
        done: () => {},
        save: (now) => record.writeRecord(setup.tools, now),
      });
    expect((await run()).outcomes.map(({ reused }) => reused)).toEqual([false, false]);
    expect((await run()).outcomes.map(({ reused }) => reused)).toEqual([true, true]);
    expect(told).toEqual([choice, choice]);
  });

  it('says what was found, where, how long it took, and what was passed over', () => {
    const outcome = {
      name: 'ffmpeg',
      title: 'ffmpeg',
      ok: true,
      reused: false,
      found: '7.1',
      where: '/usr/bin/ffmpeg',
      seconds: 1.234,
    } as const;
    expect(report.linesOf({ ...outcome, tried: [{ source: 'FFMPEG_PATH', reason: 'not set' }] })).toEqual([
      '  ✓ ffmpeg        7.1  (1.2 s)',
      '                  /usr/bin/ffmpeg',
      '                  not FFMPEG_PATH: not set',
    ]);
  });
});
