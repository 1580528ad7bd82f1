import { expect, test } from 'vitest';
import { sync } from '../../../../activities/tracking/sync.ts';
import { tellRun } from '../support/told-run.ts';
import { idOf, listOf, pairs, type TrackedHome, upTo } from '../support/tracked-home.ts';

/** What of a run arrives. */
export function tellsRuns(at: TrackedHome): void {
  test('a finished run is there: parent, child, settings, curves, figures, data, files', async () => {
    const told = await at.begin({ rate: 0.1, data: { piano: 40, sets: ['a', 'b'] }, note: 'x' });
    await told.train(1, 3);
    await told.train(2, 2, 'validation F1', () => Number.NaN);
    await told.train(1, 2, 'loss at t 3/8');
    await told.train(1, 1, 'system/cpu_utilization_percentage', () => 50);
    await told.end();
    expect(await at.bringUp(told)).toEqual({ isBusy: false, runs: 1, complete: 1, refused: [] });

    const all = await at.runs();
    expect([...all.keys()].sort()).toEqual(['train', at.names.run.split('/')[0]]);
    const [parent, child] = [all.get(at.names.run.split('/')[0] ?? ''), all.get('train')];
    expect(parent?.['info']).toMatchObject({ status: 'FINISHED' });
    expect(child?.['info']).toMatchObject({ status: 'FINISHED' });
    expect(pairs(child, 'tags')).toMatchObject({
      'mlflow.parentRunId': idOf(parent),
      'sostenuto.task': 'train',
      'sostenuto.attempts': '1',
    });
    expect(pairs(parent, 'params')).toEqual({ rate: '0.1', 'data.piano': '40', 'data.sets': '["a","b"]', note: 'x' });
    expect(pairs(child, 'params')).toEqual(pairs(parent, 'params'));
    expect(pairs(parent, 'metrics')).toEqual({ 'judge/F1': 0.75 });
    expect(await at.history(child, 'train/loss')).toMatchObject(upTo(3).map((step) => ({ step, value: 1 / step })));
    expect(await at.history(child, 'validation/F1')).toMatchObject([{ step: 2, value: 'NaN' }]);
    expect(await at.history(child, 'train/loss at t 3 of 8')).toHaveLength(2);
    expect(await at.history(child, 'system/cpu_utilization_percentage')).toHaveLength(1);
    for (const run of [parent, child])
      expect(listOf(run?.['inputs']?.['dataset_inputs'])).toMatchObject([
        { dataset: { name: 'prepare.clips', source_type: 'sostenuto' }, tags: [{ key: 'mlflow.data.context', value: 'training' }] },
      ]);
    const files = async (path: string) =>
      listOf((await at.server.get(`mlflow/artifacts/list?run_id=${idOf(parent)}&path=${path}`))['files']).map(({ path: name }) =>
        String(name),
      );
    expect((await files('')).sort()).toEqual(['nodes.csv', 'plan.json', 'report']);
    expect(await files('report/media')).toEqual(['report/media/a b.wav']);
  });

  test('the experiment is tagged as one of trainings, and can be one for all pipelines', async () => {
    const { store, ledger } = await at.begin();
    const together = at.tracking({ experiment: `${at.names.pipeline}-together` });
    // To another experiment tracking begins anew: what was before goes there on demand.
    expect(await sync({ home: at.home, store, ledger, tracking: together })).toMatchObject({ runs: 0 });
    expect(await sync({ home: at.home, store, ledger, tracking: together, all: true })).toMatchObject({ runs: 1 });
    const { experiment } = await at.server.get(`mlflow/experiments/get-by-name?experiment_name=${at.names.pipeline}-together`);
    expect(listOf(experiment?.['tags'])).toMatchObject([{ key: 'mlflow.experimentKind', value: 'custom_model_development' }]);
  });

  test('a workflow id may have quotes in it', async () => {
    const told = await tellRun(at.home, at.names.pipeline, "it's mine/r");
    expect(await at.bringUp(told)).toMatchObject({ runs: 1, refused: [] });
    expect([...(await at.runs()).keys()]).toEqual(["it's mine"]);
  });

  test('a run that goes on is followed, every point once, and nothing is sent twice', async () => {
    const told = await at.begin();
    await told.train(1, 5);
    expect(await at.bringUp(told)).toMatchObject({ runs: 1, complete: 0 });
    expect((await at.runs()).get('train')?.['info']).toMatchObject({ status: 'RUNNING' });
    await told.train(6, 8);
    await at.bringUp(told);
    // A training that was killed has gone on from its checkpoint at step 4.
    await told.train(5, 10);
    await at.bringUp(told);
    expect(await at.steps()).toEqual(upTo(10));
    await told.end('failed');
    await at.bringUp(told);
    expect((await at.runs()).get('train')?.['info']).toMatchObject({ status: 'FAILED' });
    // Another worker's last points come a moment after the end.
    await told.train(11, 12);
    expect(await at.bringUp(told)).toMatchObject({ runs: 0, complete: 0 });
    expect(await at.steps()).toEqual(upTo(12));
    at.proxy.clear();
    await at.bringUp(told);
    expect(at.proxy.passed.map(({ path }) => path)).toEqual(['/version']);
  });

  test('a training begins, fails, is retried and ends at the server while its run goes on', async () => {
    const told = await at.begin();
    const child = async () => (await at.runs()).get('train')?.['info'];
    await told.stand('running');
    await at.bringUp(told);
    expect(await child()).toMatchObject({ status: 'RUNNING' });
    for (const [standing, shown] of [
      ['failed', 'FAILED'],
      ['running', 'RUNNING'],
      ['canceled', 'KILLED'],
      ['running', 'RUNNING'],
      ['done', 'FINISHED'],
    ] as const) {
      await told.stand(standing);
      await at.bringUp(told);
      expect(await child()).toMatchObject({ status: shown });
    }
    const ended = (await child())?.['end_time'];
    expect((await at.runs()).get(at.names.run.split('/')[0] ?? '')?.['info']).toMatchObject({ status: 'RUNNING' });
    at.proxy.clear();
    await at.bringUp(told);
    expect(at.proxy.calls('runs/update')).toEqual([]);
    await told.end();
    await at.bringUp(told);
    expect(await child()).toMatchObject({ status: 'FINISHED', end_time: ended });
  });

  test('more than the limits of one call goes in several, and what is too long is cut', async () => {
    const many = Object.fromEntries(Array.from({ length: 230 }, (_, i) => [`setting ${i}`, 'x'.repeat(i === 0 ? 7000 : 300)]));
    const told = await at.begin({ ...many, [`${'k'.repeat(300)}`]: 1, 'odd/../name*': 2, wide: 'é'.repeat(5999) });
    await told.train(1, 2500);
    expect((await at.bringUp(told)).refused).toEqual([]);
    expect(at.proxy.calls('log-batch').every(({ body }) => body.length < 1_000_000)).toBe(true);
    const child = (await at.runs()).get('train');
    const params = pairs(child, 'params');
    expect(Object.keys(params)).toHaveLength(233);
    expect(params['setting 0']).toHaveLength(6000);
    expect(params['setting 0']).toMatch(/… \(7000 characters, sha256 [0-9a-f]{12}\)$/);
    expect(params['odd/name-']).toBe('2');
    expect(await at.steps()).toHaveLength(2500);
  });

  test('the limits are the server’s: without them it refuses', async () => {
    const told = await at.begin();
    await at.bringUp(told);
    const run_id = idOf((await at.runs()).get(at.names.run.split('/')[0] ?? ''));
    const metrics = upTo(1001).map((step) => ({ key: 'm', value: 1, step, timestamp: 1 }));
    const refused = async (body: object) =>
      expect(await at.server.post('mlflow/runs/log-batch', { run_id, ...body })).toHaveProperty('error_code');
    await refused({ metrics });
    await refused({ params: upTo(101).map((i) => ({ key: `p${i}`, value: '1' })) });
    await refused({ params: [{ key: 'odd/../name', value: '1' }] });
  });
}
