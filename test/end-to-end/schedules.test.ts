import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScheduleDeclaration } from '../../cli/schedules/declaration.ts';
import { applySchedules, compareSchedules, describeSchedule, orderSchedule, type Schedules } from '../../cli/schedules/on-server.ts';
import { Instance } from './fixtures/instance.ts';
import { hasServer } from './fixtures/server.ts';

const instance = new Instance();
const declared = new Map<string, ScheduleDeclaration>();
const all = (): Schedules => ({ client: instance.runs.client, taskQueue: instance.taskQueue, declared });
const standings = async () => Object.fromEntries((await compareSchedules(all())).map(({ name, standing }) => [name, standing]));

/** Every look is a query to the server's own workflow of the schedule: not too many of them. */
const until = (what: string, test: () => Promise<boolean>) => instance.until(what, async () => (await test()) || sleep(150, false));

/** The ids of the runs that a schedule has started so far. */
async function startedBy(name: string): Promise<string[]> {
  const found = await describeSchedule(all(), name);
  return found?.info.recentActions.map(({ action }) => action.workflow.workflowId) ?? [];
}
/** Settings and trigger of a run, from the ledger. */
async function recorded(workflowId: string): Promise<{ settings: unknown; trigger: string }> {
  const [row] = await instance.runs.ledger.query(`SELECT settings, trigger FROM runs WHERE starts_with(run, $1 || '/')`, [workflowId]);
  return { settings: JSON.parse(String(row?.['settings'])), trigger: String(row?.['trigger']) };
}

describe.runIf(hasServer)('schedules', () => {
  beforeAll(async () => {
    await instance.start();
    await instance.startWorker();
  });
  afterAll(() => instance.stop());

  test('are created, left alone when nothing changed, updated when the declaration did', async () => {
    declared.set('nightly', {
      pipeline: 'diamond',
      settings: { tag: '{from}..{to}' },
      cron: '0 3 * * *',
      timeZone: 'Europe/Berlin',
      window: '1 day',
      jitter: '10 min',
    });
    expect(await standings()).toEqual({ nightly: 'missing' });
    expect((await applySchedules(all())).map(({ did }) => did)).toEqual(['created']);
    expect(await standings()).toEqual({ nightly: 'same' });
    expect((await applySchedules(all())).map(({ did }) => did)).toEqual(['kept']);
    declared.set('nightly', {
      pipeline: 'diamond',
      settings: { tag: '{from}..{to}' },
      cron: '30 4 * * *',
      timeZone: 'UTC',
      window: '1 day',
    });
    const [changed] = await applySchedules(all());
    expect(changed?.did).toBe('updated');
    expect(changed?.differences.map(({ path }) => path)).toEqual(['calendars[0].hour', 'calendars[0].minute', 'jitter', 'timeZone']);
    expect(await standings()).toEqual({ nightly: 'same' });
    expect((await describeSchedule(all(), 'nightly'))?.info.nextActionTimes[0]?.toISOString()).toMatch(/T04:30:00/);
  });

  test('a backfill reads the windows of the times that were missed, and reads them again the same', async () => {
    const [from, to] = [new Date('2026-01-10T00:00:00Z'), new Date('2026-01-12T00:00:00Z')];
    await orderSchedule(all(), 'nightly', { do: 'backfill', from, to, overlap: 'allow-all' });
    const first = ['nightly-2026-01-10T04:30:00Z', 'nightly-2026-01-11T04:30:00Z'];
    await until('both are started', async () => (await startedBy('nightly')).length === 2);
    expect((await startedBy('nightly')).sort()).toEqual(first);
    for (const id of first) expect((await instance.wait(id)).status).toBe('done');
    expect(await recorded('nightly-2026-01-11T04:30:00Z')).toEqual({
      settings: { file: '', tag: '2026-01-10T04:30:00.000Z..2026-01-11T04:30:00.000Z' },
      trigger: 'schedule:nightly@2026-01-11T04:30:00.000Z',
    });
    const before = instance.executions().length;
    await orderSchedule(all(), 'nightly', { do: 'backfill', from, to, overlap: 'buffer-all' });
    await until('both are started again', async () => (await startedBy('nightly')).length === 4);
    for (const id of first) expect((await instance.wait(id)).nodes.every(({ cache }) => cache === 'hit')).toBe(true);
    expect(instance.executions(before)).toEqual([]);
  });

  test('what somebody changed by hand is shown, and undone by the next apply; a pause is not', async () => {
    const handle = all().client.schedule.getHandle('test-nightly');
    await handle.update((before) => ({
      ...before,
      spec: { intervals: [{ every: '1h' }], skip: [{ hour: 3 }] },
      policies: { ...before.policies, overlap: 'ALLOW_ALL' },
      action: { ...before.action, args: [{ pipeline: 'diamond', settings: { tag: 'mine' } }] },
    }));
    await orderSchedule(all(), 'nightly', { do: 'pause', note: 'the disk is full' });
    const [drift] = await compareSchedules(all());
    expect(drift?.standing).toBe('different');
    expect(drift?.differences.map(({ path, from, to }) => [path, from, to])).toEqual(
      expect.arrayContaining([
        ['overlap', 'allow-all', 'skip'],
        ['input.settings.tag', 'mine', '{from}..{to}'],
        ['intervals[0]', { every: 3_600_000, offset: 0 }, undefined],
      ]),
    );
    await applySchedules(all());
    expect(await standings()).toEqual({ nightly: 'same' });
    expect((await describeSchedule(all(), 'nightly'))?.state).toMatchObject({ paused: true, note: 'the disk is full' });
    await orderSchedule(all(), 'nightly', { do: 'unpause' });
    expect((await describeSchedule(all(), 'nightly'))?.state.paused).toBe(false);
  });

  test('a start is skipped while the run before goes on, or goes on beside it, as declared', async () => {
    declared.set('slow', { pipeline: 'gated', settings: { tag: 'slow' }, every: '30 days', overlap: 'skip' });
    await applySchedules(all());
    await orderSchedule(all(), 'slow', { do: 'trigger' });
    await until('it runs', async () => (await startedBy('slow')).length === 1);
    const [first = ''] = await startedBy('slow');
    await until('the gate waits', async () => (await instance.describe(first)).nodes.some(({ status }) => status === 'waiting'));
    const span = (from: string, to: string) => ({ do: 'backfill', from: new Date(from), to: new Date(to) }) as const;
    await orderSchedule(all(), 'slow', { ...span('2026-01-01', '2026-03-01'), overlap: 'skip' });
    await orderSchedule(all(), 'slow', { ...span('2026-03-01', '2026-05-01'), overlap: 'allow-all' });
    await until('two more run', async () => (await startedBy('slow')).length >= 3);
    expect((await startedBy('slow')).slice(1).sort()).toEqual(['slow-2026-03-08T00:00:00Z', 'slow-2026-04-07T00:00:00Z']);
    for (const id of await startedBy('slow')) await instance.runs.client.workflow.getHandle(id).cancel();
  });

  test('a measure that got worse than in the runs before is told: result, search attribute, webhook', async () => {
    const told: unknown[] = [];
    const hook = createServer((request, response) => {
      request.on('data', (chunk) => told.push(JSON.parse(String(chunk))));
      request.on('end', () => response.end());
    });
    await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done));
    const address = hook.address();
    await instance.stopWorkers();
    await instance.startWorker('light,cpu,train', undefined, { SOSTENUTO_TEST_WEBHOOK: `http://127.0.0.1:${Object(address).port}/` });
    const watched = (value: number): ScheduleDeclaration => ({
      pipeline: 'measured',
      settings: { figures: [{ name: 'distance', value }] },
      every: '30 days',
      alert: { measure: 'distance', better: 'lower', margin: 0.5 },
    });
    const alerts: unknown[] = [];
    const day = (n: number) => new Date(Date.UTC(2026, 0, n));
    for (const [n, value] of [10, 10.4, 12].entries()) {
      declared.set('watched', watched(value));
      await applySchedules(all());
      const from = new Date(day(1 + 30 * n).getTime() - 1);
      await orderSchedule(all(), 'watched', { do: 'backfill', from, to: new Date(from.getTime() + 30 * 86_400_000), overlap: 'allow-all' });
      await until('it is started', async () => (await startedBy('watched')).length === n + 1);
      const id = (await startedBy('watched')).at(-1) ?? '';
      alerts.push((await instance.wait(id)).alert?.message);
    }
    expect(alerts).toEqual([undefined, undefined, 'distance is 12, worse than 10.2 (the median of 2 runs before) by more than 0.5']);
    expect(told).toMatchObject([{ schedule: 'watched', measure: 'distance', value: 12, against: 10.2 }]);
    const [last = ''] = (await startedBy('watched')).slice(-1);
    const { searchAttributes } = await instance.runs.client.workflow.getHandle(last).describe();
    expect(searchAttributes['Regression']).toEqual(['distance']);
    hook.close();
  });

  test('one that is not declared any more is named, and deleted only when asked', async () => {
    declared.delete('slow');
    await until('it is listed', async () => (await standings())['slow'] === 'undeclared');
    expect((await applySchedules(all())).find(({ name }) => name === 'slow')?.did).toBe('kept');
    expect((await applySchedules(all(), { prune: true })).find(({ name }) => name === 'slow')?.did).toBe('deleted');
    expect((await standings())['slow']).toBeUndefined();
    await expect(orderSchedule(all(), 'slow', { do: 'trigger' })).rejects.toThrow(/no schedule "slow".*nightly/s);
  });
});
