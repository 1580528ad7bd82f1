import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signIn } from '../../../cli/session/roster.ts';
import type { Session } from '../../../cli/session/session.ts';
import { unstaffed } from '../../../cli/session/staff.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'staff-'));
});
afterEach(() => rmSync(home, { recursive: true }));

/** A server that has heard of nobody for five minutes, or of some. */
const session = (pollers: { identity: string; lastAccessTime: { seconds: number } }[] = []) =>
  ({
    config: { home, taskQueue: 'music', temporal: { namespace: 'default' } },
    client: { workflowService: { describeTaskQueue: async () => ({ pollers }) } },
  }) as unknown as Session; // the parts of a session that are asked
const now = () => Math.floor(Date.now() / 1000);

describe('a queue', () => {
  it('has no worker if neither the server nor the home knows of one', async () => {
    expect(await unstaffed(session(), ['light', 'train'])).toEqual(['light', 'train']);
  });

  it('has one whose slots are taken by a long training, although it has not asked for work for long', async () => {
    const signOut = signIn(home, 'music', ['train']);
    expect(await unstaffed(session(), ['light', 'train'])).toEqual(['light']);
    signOut();
    expect(await unstaffed(session(), ['light', 'train'])).toEqual(['light', 'train']);
  });

  it('is not served by workers of another task queue', async () => {
    const signOut = signIn(home, 'other', ['train']);
    expect(await unstaffed(session(), ['train'])).toEqual(['train']);
    signOut();
  });

  it('is left by a process that died; its file goes', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    mkdirSync(join(home, 'workers'));
    writeFileSync(join(home, 'workers', 'dead.json'), JSON.stringify({ host: hostname(), pid, taskQueue: 'music', queues: ['train'] }));
    expect(await unstaffed(session(), ['train'])).toEqual(['train']);
    expect(readdirSync(join(home, 'workers'))).toEqual([]);
  });

  it('is served from another machine as long as its worker shows itself', async () => {
    mkdirSync(join(home, 'workers'));
    const file = join(home, 'workers', 'far.json');
    writeFileSync(file, JSON.stringify({ host: 'another-machine', pid: 1, taskQueue: 'music', queues: ['train'] }));
    expect(await unstaffed(session(), ['train'])).toEqual([]);
    utimesSync(file, now() - 100, now() - 100);
    expect(await unstaffed(session(), ['train'])).toEqual(['train']);
  });

  it('is served by who asked the server for work, if that one lives', async () => {
    const seen = (identity: string, ago: number) => unstaffed(session([{ identity, lastAccessTime: { seconds: now() - ago } }]), ['train']);
    expect(await seen(`${process.pid}@${hostname()}`, 100)).toEqual([]);
    expect(await seen('7@another-machine', 10)).toEqual([]);
    expect(await seen('7@another-machine', 100)).toEqual(['train']);
  });
});
