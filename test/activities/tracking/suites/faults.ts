import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openDeliveries } from '../../../../activities/tracking/delivery.ts';
import { acquireLease } from '../../../../engine/leases/leases.ts';
import { tellRun } from '../support/told-run.ts';
import { idOf, pairs, type TrackedHome, upTo } from '../support/tracked-home.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** What goes wrong on the way. */
export function survivesFaults(at: TrackedHome): void {
  test('an answer that was lost doubles no point and no run, though the points were told again meanwhile', async () => {
    const told = await at.begin();
    await told.train(1, 5);
    for (const lost of ['runs/create', 'runs/create', 'metrics']) {
      at.proxy.harm(({ path, body }) => (path.includes(lost) || body.includes(`"${lost}"`) ? { answer: 'lost' } : undefined));
      await expect(at.bringUp(told)).rejects.toMatchObject({ code: 'TRACKER_UNREACHABLE' });
      at.proxy.clear();
      await told.train(3, 6);
    }
    await at.bringUp(told);
    expect([...(await at.runs()).keys()]).toHaveLength(2);
    expect(await at.steps()).toEqual(upTo(6));
  });

  test('notes that were lost double nothing', async () => {
    const told = await at.begin();
    await told.train(1, 5);
    await at.bringUp(told);
    rmSync(join(openDeliveries(at.home, at.tracking()).folder, 'runs'), { recursive: true });
    await told.train(3, 7);
    await at.bringUp(told);
    expect([...(await at.runs()).keys()]).toHaveLength(2);
    expect(await at.steps()).toEqual(upTo(7));
  });

  test('a process that is killed in the middle of it doubles nothing', async () => {
    const told = await at.begin();
    await told.train(1, 1500);
    const words = [join(root, 'cli', 'sostenuto.mjs'), 'tracking', 'sync'];
    const env = { ...process.env, SOSTENUTO_HOME: at.home, MLFLOW_TRACKING_URI: at.proxy.uri };
    const child = spawn(process.execPath, words, { cwd: join(root, 'examples', 'word-count'), env, stdio: 'ignore' });
    const died = new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)));
    at.proxy.harm(({ body }) => {
      if (!body.includes('"metrics"')) return undefined;
      child.kill('SIGKILL');
      return { answer: 'lost' };
    });
    expect(await died).toBe('SIGKILL');
    await at.proxy.settled();
    expect((await at.steps()).length).toBe(1000);
    at.proxy.clear();
    await told.train(900, 1500);
    await at.bringUp(told);
    expect(await at.steps()).toEqual(upTo(1500));
  });

  test('what the server refuses is named and left out, and the rest arrives', async () => {
    const told = await at.begin({ good: 1, bad: 2 });
    await told.train(1, 3);
    at.proxy.harm(({ body }) =>
      body.includes('"bad"') ? { status: 400, body: '{"error_code":"INVALID_PARAMETER_VALUE","message":"no"}' } : undefined,
    );
    await told.end();
    const { refused, complete } = await at.bringUp(told);
    expect(complete).toBe(1);
    expect(refused).toEqual(expect.arrayContaining([`${at.names.run}: params bad: INVALID_PARAMETER_VALUE`]));
    expect(pairs((await at.runs()).get('train'), 'params')).toEqual({ good: '1' });
    expect(await at.steps()).toEqual([1, 2, 3]);
  });

  test('a run that somebody deleted at the server keeps no other from it', async () => {
    const told = await at.begin();
    await told.train(1, 3);
    await at.bringUp(told);
    for (const run of (await at.runs()).values()) await at.server.post('mlflow/runs/delete', { run_id: idOf(run) });
    await told.train(4, 5);
    await told.end();
    const other = await tellRun(at.home, at.names.pipeline, `${at.names.run}-other`);
    const { refused } = await at.bringUp(other);
    expect(refused.join('\n')).toContain('INVALID_PARAMETER_VALUE');
    expect([...(await at.runs()).keys()]).toEqual([at.names.run.split('/')[0]]);
  });

  test('without an artifact proxy files stay here, and it is said once', async () => {
    const told = await at.begin();
    at.proxy.harm(() => undefined);
    await at.bringUp(told);
    const deliveries = openDeliveries(at.home, at.tracking());
    const delivery = deliveries.run(at.names.run);
    deliveries.save({ ...delivery, parent: { id: delivery.parent?.id ?? '', artifactUri: 's3://bucket/1' } });
    await told.end();
    expect((await at.bringUp(told)).refused).toEqual([expect.stringContaining('--serve-artifacts')]);
    expect(at.proxy.calls('mlflow-artifacts')).toEqual([]);
  });

  test.each([
    ['a wrong login', { status: 401, body: 'You are not authenticated.' }, 'TRACKER_LOGIN'],
    ['a host name that is not allowed', { status: 403, body: 'Invalid Host header' }, 'TRACKER_LOGIN'],
    ['an error of the server', { status: 503, body: 'busy' }, 'TRACKER_UNREACHABLE'],
    ['too many calls', { status: 429, body: '' }, 'TRACKER_UNREACHABLE'],
    ['an old server', { status: 200, body: '1.30.1' }, 'TRACKER_UNSUITABLE'],
    ['another program', { status: 200, body: '<html>hello</html>' }, 'TRACKER_UNSUITABLE'],
  ])('%s is told as what it is, and nothing is lost', async (_, answer, code) => {
    const told = await at.begin();
    await told.train(1, 4);
    const secret = 'Bearer very-secret';
    // Another program answers so to everything; an old server says it when it is asked.
    at.proxy.harm(({ path }) => (code !== 'TRACKER_UNSUITABLE' || path === '/version' || answer.body.startsWith('<') ? answer : undefined));
    const error: unknown = await at.bringUp(told, { authorization: secret }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code });
    expect(String(error)).not.toContain('very-secret');
    expect(at.proxy.passed[0]?.headers['authorization']).toBe(secret);
    at.proxy.clear();
    await at.bringUp(told);
    expect(await at.steps()).toEqual(upTo(4));
  });

  test('only one process of a home is at it; one that died is not waited for', async () => {
    const told = await at.begin();
    const holdAs = (owner: string) => acquireLease({ root: join(at.home, 'tracking') }, 'publisher', { owner, ttlMs: 60_000 });
    await at.bringUp(told);
    await holdAs(`${hostname()}:${2 ** 22 + 1}`);
    expect(await at.bringUp(told)).toMatchObject({ isBusy: false });
    await holdAs('another-machine:1');
    expect(await at.bringUp(told)).toMatchObject({ isBusy: true });
  });
}
