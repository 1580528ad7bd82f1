import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lock } from './modules.ts';

let tools: string;
beforeEach(() => {
  tools = mkdtempSync(join(tmpdir(), 'setup-lock-'));
});
afterEach(() => rmSync(tools, { recursive: true }));
const { signal } = new AbortController();

describe('two set-ups in one place', () => {
  it('work one after the other', async () => {
    const release = await lock.takeLock(tools, { signal, onWait: () => {} });
    let isIn = false;
    let second: Promise<void> | undefined;
    const holder = await new Promise<number>((onWait) => {
      second = lock.takeLock(tools, { signal, onWait }).then((leave) => {
        isIn = true;
        leave();
      });
    });
    expect(holder).toBe(process.pid);
    expect(isIn).toBe(false);
    release();
    await second;
    expect(isIn).toBe(true);
    expect(existsSync(join(tools, 'setup.lock'))).toBe(false);
  });

  it('the lock of a dead one is taken over', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(join(tools, 'setup.lock'), `${pid}\n`);
    const release = await lock.takeLock(tools, { signal, onWait: () => expect.unreachable() });
    release();
  });

  it('what an interrupted one left unfinished is removed, and nothing else', () => {
    mkdirSync(join(tools, 'tensorflow.partial-123'));
    mkdirSync(join(tools, 'tensorflow'));
    lock.removePartials(tools);
    expect(readdirSync(tools)).toEqual(['tensorflow']);
  });
});
