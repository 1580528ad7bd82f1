import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { ChildPool } from '../../../activities/child/pool.ts';
import { type ChildRunner, defaultLimits } from '../../../activities/child/runner.ts';
import { isAlive } from '../../../engine/leases/is-alive.ts';
import { acquireLease } from '../../../engine/leases/leases.ts';
import { openStore } from '../../../engine/store/store.ts';

const home = mkdtempSync(join(tmpdir(), 'sostenuto-pool-'));
const source = join(home, 'task.ts');
const code = { digest: 'one', modules: { 'task.ts': 'its digest', 'npm:a-package': '1.0.0' } };
afterAll(() => rmSync(home, { recursive: true, force: true }));
beforeEach(async () => {
  writeFileSync(source, `export const run = async ({ params }) => { if (params.fail) throw new Error('no'); return { value: 1 }; };`);
  // Times of files are finer than the clock that processes are dated by.
  await sleep(10);
});

let jobs = 0;
async function work(child: ChildRunner, fail = false): Promise<void> {
  const lease = await acquireLease(await openStore(home), `key-${jobs++}`, { owner: 'test', ttlMs: 60_000 });
  if ('heldBy' in lease) throw new Error('held');
  await child.run(
    {
      home,
      node: { task: 'probe', params: { fail }, operational: {}, outputs: { value: 'json' } },
      code: { url: pathToFileURL(source).href, export: 'run', inline: false },
      inputs: {},
      attempt: 1,
      checkpoints: { trajectory: 'a'.repeat(64) },
      lease: { key: lease.key, token: lease.token },
    },
    { loaded: async () => {}, progress() {}, metric() {}, warn() {}, checkpoint() {}, adopted() {} },
  );
}

/** What a pool gives after one task, whatever happened between. */
async function afterOne(
  between: (child: ChildRunner) => Promise<void> | void,
  next = code,
  most = 1,
): Promise<{ isSame: boolean; isLeft: boolean }> {
  const pool = new ChildPool(most, home);
  const first = await pool.take(defaultLimits, code);
  await work(first).catch(() => undefined);
  await between(first);
  await pool.giveBack(first);
  const second = await pool.take(defaultLimits, next);
  await work(second);
  await pool.giveBack(second);
  await pool.close();
  const pids = [first.pid, second.pid];
  return { isSame: first === second, isLeft: pids.some((pid) => pid !== undefined && isAlive(pid)) };
}

describe('a process that has ended a task', () => {
  test('runs the next one, and is gone with its pool', async () => {
    expect(await afterOne(() => {})).toEqual({ isSame: true, isLeft: false });
  });

  test('runs none where none may wait', async () => {
    expect(await afterOne(() => {}, code, 0)).toEqual({ isSame: false, isLeft: false });
  });

  test('runs no code that was written since it began, also where the file says that it is older', async () => {
    const edit = (): void => writeFileSync(source, `export const run = async () => ({ value: 2 });`);
    expect(await afterOne(edit)).toEqual({ isSame: false, isLeft: false });
    const hide = (): void => {
      edit();
      utimesSync(source, 1, 1);
    };
    expect(await afterOne(hide)).toEqual({ isSame: false, isLeft: false });
  });

  test('runs no code that was planned with another version of a package', async () => {
    const other = { digest: 'two', modules: { ...code.modules, 'npm:a-package': '1.0.1' } };
    expect(await afterOne(() => {}, other)).toEqual({ isSame: false, isLeft: false });
  });

  test('runs nothing after a failure, after it was told to stop, or once it is dead', async () => {
    expect(await afterOne((child) => work(child, true).catch(() => undefined))).toEqual({ isSame: false, isLeft: false });
    expect(await afterOne((child) => child.stop('enough'))).toEqual({ isSame: false, isLeft: false });
    const kill = async (child: ChildRunner): Promise<void> => {
      process.kill(child.pid ?? 0, 'SIGKILL');
      await sleep(200);
    };
    expect(await afterOne(kill)).toEqual({ isSame: false, isLeft: false });
  });
});
