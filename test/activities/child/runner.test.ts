import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { Job } from '../../../activities/child/protocol.ts';
import { type ChildEvents, type ChildLimits, ChildRunner } from '../../../activities/child/runner.ts';
import { acquireLease } from '../../../engine/leases/leases.ts';
import { openStore } from '../../../engine/store/store.ts';
import { SostenutoError } from '../../../errors/problem.ts';

const home = mkdtempSync(join(tmpdir(), 'sostenuto-child-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const module = join(home, 'task.ts');
writeFileSync(
  module,
  `import { setTimeout as sleep } from 'node:timers/promises';
   export const run = async ({ params, context }) => {
     context.progress({ step: 1, of: 2, loss: 0.5 });
     context.metric('loss', 1, 0.5);
     if (params.do === 'throw') throw Object.assign(new Error('disk full'), { code: 'ENOSPC' });
     if (params.do === 'kill') { console.error('about to die'); process.kill(process.pid, 'SIGKILL'); await sleep(1000); }
     if (params.do === 'exit') { console.error('a native library gave up'); process.exit(7); }
     if (params.do === 'block') for (;;) ;
     if (params.do === 'ignore') await sleep(60_000);
     if (params.do === 'wait') { await sleep(60_000, undefined, { signal: context.signal }).catch(() => {}); throw context.signal.reason; }
     return { value: process.pid };
   };`,
);
const limits: ChildLimits = { graceMs: 500, silenceMs: 30_000 };
const events = (): ChildEvents & { seen: unknown[] } => {
  const seen: unknown[] = [];
  const note = (...what: unknown[]): void => void seen.push(what);
  return { seen, loaded: async () => {}, progress: note, metric: note, warn: note, checkpoint: note, adopted: note };
};
async function jobFor(what: string): Promise<Job> {
  const store = await openStore(home);
  const lease = await acquireLease(store, `key-${what}-${Math.floor(performance.now() * 1000)}`, { owner: 'test', ttlMs: 60_000 });
  if ('heldBy' in lease) throw new Error('held');
  return {
    home,
    node: { task: 'probe', params: { do: what }, operational: {}, outputs: { value: 'json' } },
    code: { url: pathToFileURL(module).href, export: 'run', inline: false },
    inputs: {},
    attempt: 1,
    checkpoints: { trajectory: 'a'.repeat(64) },
    lease: { key: lease.key, token: lease.token },
  };
}
async function failureOf(what: string, during?: (child: ChildRunner) => void, limit = limits): Promise<SostenutoError> {
  const child = new ChildRunner(limit);
  const heard = events();
  const running = child.run(await jobFor(what), {
    ...heard,
    progress: () => during?.(child),
  });
  const error: unknown = await running.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  await child.close();
  if (!(error instanceof SostenutoError)) throw error;
  return error;
}

describe('a task in a process of its own', () => {
  test('gives its outputs, its progress and its metrics, one task after the other', async () => {
    const child = new ChildRunner(limits);
    const heard = events();
    const store = await openStore(home);
    const first = await child.run(await jobFor('return'), heard);
    const second = await child.run(await jobFor('return'), heard);
    await child.close();
    expect(first['value'] && (await store.readJson(first['value']))).toBe(child.pid);
    expect(second).toEqual(first);
    expect(heard.seen.slice(0, 2)).toEqual([[{ step: 1, of: 2, loss: 0.5 }], ['loss', 1, 0.5]]);
  });

  test('what it throws keeps its type across the process', async () => {
    expect(await failureOf('throw')).toMatchObject({ code: 'SYSTEM_ENOSPC', retryable: true });
  });

  test('killed by a signal: to be tried again, with its last words', async () => {
    const error = await failureOf('kill');
    expect(error).toMatchObject({ code: 'CHILD_KILLED', retryable: true });
    expect(error.message).toContain('about to die');
  });

  test('an exit of its own: not tried again, with exit code and last words', async () => {
    const error = await failureOf('exit');
    expect(error).toMatchObject({ code: 'CHILD_EXITED', retryable: false });
    expect(error.message).toMatch(/exit code 7[\s\S]*native library gave up/);
  });

  test('an event loop that never turns again is noticed and ended', async () => {
    const error = await failureOf('block', undefined, { graceMs: 500, silenceMs: 1500 });
    expect(error).toMatchObject({ code: 'CHILD_HUNG', retryable: true });
  });

  test('asked to stop, it ends by itself', async () => {
    expect(await failureOf('wait', (child) => child.stop('a test'))).toMatchObject({ code: 'STOPPED', retryable: true });
  });

  test('deaf to that, it is killed after the grace period', async () => {
    expect(await failureOf('ignore', (child) => child.stop('a test'))).toMatchObject({ code: 'CHILD_KILLED' });
  });
});
