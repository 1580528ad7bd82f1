import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunReport } from '../../activities/messages.ts';
import type { Mapped, Quarantined } from '../../engine/define/pipeline.ts';
import { Instance, nodeOf, outcome } from './fixtures/instance.ts';
import { hasServer } from './fixtures/server.ts';

const instance = new Instance();

/** Reads a JSON output of a finished run. */
async function output<T>(run: RunReport, node: string, name: string): Promise<T> {
  const { digest = '', bytes = 0 } = nodeOf(run, node).outputs[name] ?? {};
  return instance.runs.store.readJson<T>({ form: 'json', digest, bytes });
}
const history = async (run: RunReport) => (await instance.runs.client.workflow.getHandle(run.workflowId).describe()).historyLength;

describe.runIf(hasServer)('runs on a real server', () => {
  beforeAll(async () => {
    await instance.start();
    await instance.startWorker();
  });
  afterAll(() => instance.stop());

  test('a chain runs in order, and a second run executes nothing', async () => {
    const before = instance.executions().length;
    const first = await instance.run({ pipeline: 'chain', settings: { nodes: 20 } });
    expect(first.status).toBe('done');
    expect(instance.executions(before)).toEqual(Array.from({ length: 20 }, (_, i) => `step n${i}`));
    expect(first.nodes.every((node) => node.cache === 'miss' && node.attempts === 1 && node.key !== '')).toBe(true);
    expect(await output(first, 'n19', 'value')).toEqual({ count: 20 });

    const ran = instance.executions().length;
    const second = await instance.run({ pipeline: 'chain', settings: { nodes: 20 } });
    expect(instance.executions(ran)).toEqual([]);
    expect(second.nodes.map((node) => node.cache)).toEqual(Array(20).fill('hit'));
    expect(second.nodes.map((node) => node.key)).toEqual(first.nodes.map((node) => node.key));
  });

  test('light nodes run inside local activities and are recorded all the same', async () => {
    const run = await instance.run({ pipeline: 'chain', settings: { nodes: 20, kind: 'light' } });
    expect(run.nodes.every((node) => node.status === 'done' && node.cache === 'miss')).toBe(true);
    expect(await history(run)).toBeLessThan(15);
    const rows = await instance.runs.ledger.query('SELECT count(*) AS n FROM nodes WHERE run = $1', [`${run.workflowId}/${run.runId}`]);
    expect(Number(rows[0]?.['n'])).toBe(20);
  });

  test('a change in the middle runs what depends on it, and no more', async () => {
    await instance.run({ pipeline: 'diamond' });
    const ran = instance.executions().length;
    // Same output under another name: everything below is cut off.
    const run = await instance.run({ pipeline: 'diamond', settings: { tag: '2' } });
    expect(outcome(run)).toEqual({ top: 'miss', left: 'hit', right: 'hit', bottom: 'hit', beside: 'hit' });
    expect(instance.executions(ran)).toEqual(['step top2']);
  });

  test('`from` runs a node and everything below it again', async () => {
    await instance.run({ pipeline: 'diamond' });
    const run = await instance.run({ pipeline: 'diamond', from: 'right' });
    expect(outcome(run)).toEqual({ top: 'hit', left: 'hit', right: 'miss', bottom: 'miss', beside: 'miss' });
  });

  test('a failure blocks what is below and nothing else', async () => {
    const run = await instance.run({ pipeline: 'diamond', settings: { file: '/nowhere/at/all' } });
    expect(run.status).toBe('failed');
    expect(run.nodes.map((node) => [node.id, node.status])).toEqual([
      ['top', 'done'],
      ['left', 'failed'],
      ['right', 'done'],
      ['bottom', 'blocked'],
      ['beside', 'done'],
    ]);
    expect(nodeOf(run, 'left').error).toContain('/nowhere/at/all is missing');
    expect(run.error).toContain('left');
  });

  test.each(['worker', 'light', 'process'] as const)('a map of %s elements keeps their order', async (kind) => {
    const run = await instance.run({ pipeline: 'clips', settings: { count: 5, kind } });
    expect(run.error).toBeUndefined();
    expect(await output(run, 'sum', 'total')).toEqual({ count: 10 });
    expect(await output(run, 'sum', 'order')).toEqual(['clip-0', 'clip-1', 'clip-2', 'clip-3', 'clip-4']);
    expect(nodeOf(run, 'measure').elements).toEqual({ total: 5, ran: 5, hits: 0, quarantined: 0 });
  });

  test('a longer list executes its new elements only', async () => {
    await instance.run({ pipeline: 'clips', settings: { count: 6 } });
    const ran = instance.executions().length;
    const run = await instance.run({ pipeline: 'clips', settings: { count: 8 } });
    expect(instance.executions(ran).sort()).toEqual(['measure clip-6', 'measure clip-7', 'sum']);
    expect(nodeOf(run, 'measure').elements).toEqual({ total: 8, ran: 2, hits: 6, quarantined: 0 });
  });

  test.each(['worker', 'light'] as const)('an empty map of %s elements is done', async (kind) => {
    const run = await instance.run({ pipeline: 'clips', settings: { count: 0, kind } });
    expect(run.status).toBe('done');
    expect(await output(run, 'sum', 'total')).toEqual({ count: 0 });
  });

  test.each(['worker', 'light'] as const)('bad %s elements are quarantined with their reasons, up to a limit', async (kind) => {
    const run = await instance.run({ pipeline: 'clips', settings: { count: 6, bad: 2, kind, maxFailures: 2 } });
    expect(run.error).toBeUndefined();
    const quarantined = await output<Quarantined[]>(run, 'measure', 'quarantined');
    expect(quarantined.map(({ id }) => id)).toEqual(['clip-0', 'clip-1']);
    expect(quarantined[0]?.reason).toContain('clip-0 is broken');
    expect((await output<Mapped[]>(run, 'measure', 'measure')).map(({ id }) => id)).toEqual(['clip-2', 'clip-3', 'clip-4', 'clip-5']);

    const over = await instance.run({ pipeline: 'clips', settings: { count: 6, bad: 2, kind, maxFailures: 1 } });
    expect(over.nodes.map((node) => node.status)).toEqual(['done', 'failed', 'blocked']);
    expect(nodeOf(over, 'measure').error).toMatch(/2 (of 6 )?elements.* failed, at most 1 may/);
  });

  test('a big map runs in a child workflow with a short history', async () => {
    const run = await instance.run({ pipeline: 'clips', settings: { count: 1000, kind: 'worker' } });
    expect(nodeOf(run, 'measure').elements).toMatchObject({ total: 1000, quarantined: 0 });
    expect(await output(run, 'sum', 'total')).toEqual({ count: 499_500 });
    const child = await instance.runs.client.workflow.getHandle(`${run.workflowId}/measure`).describe();
    expect(child.type).toBe('runMap');
    expect((await history(run)) + child.historyLength).toBeLessThan(4096);
    const rows = await instance.runs.ledger.query('SELECT count(*) AS n FROM nodes WHERE run = $1', [`${run.workflowId}/${run.runId}`]);
    expect(Number(rows[0]?.['n'])).toBe(1003);
  });

  test('a big map of light elements needs no child and few events', async () => {
    const run = await instance.run({ pipeline: 'clips', settings: { count: 1000, kind: 'light' } });
    expect(nodeOf(run, 'measure').elements).toMatchObject({ total: 1000, quarantined: 0 });
    expect(await history(run)).toBeLessThan(40);
  });

  test.each([
    [{ pipelin: 'chain' }, ['pipelin', 'pipeline, preset, settings']],
    [{ pipeline: 'chian' }, ['"chian"', '"chain", "diamond"']],
    [{ pipeline: 'chain', preset: 'huge', onFailure: 'maybe' }, ['"huge"', '"default"', '"maybe"', '"fail" or "wait"']],
    [{ pipeline: 'chain', settings: { nodes: -1, kind: 'odd', color: 'red' } }, ['nodes', 'kind', 'color']],
    [{ pipeline: 'chain', from: 'n99' }, ['n99', 'n0, n1']],
    [{ pipeline: 'training', adopt: 'latest' }, ['adopt', 'trajectory']],
    [['chain'], ['one JSON object']],
  ])('the wrong input %j ends at once and names everything that is wrong', async (request, words) => {
    // What a person types into the start form needn't be a request at all.
    const run = await instance.run(request as never);
    expect(run.status).toBe('failed');
    for (const word of words) expect(run.error).toContain(word);
    expect(await history(run)).toBeLessThan(12);
  });

  test('no input at all means the default pipeline', async () => {
    const handle = await instance.runs.client.workflow.start('runPipeline', {
      taskQueue: instance.taskQueue,
      workflowId: 'no-input',
      args: [],
    });
    await expect(handle.result()).rejects.toThrow();
    // This worker doesn't have it, and says so.
    expect((await instance.wait('no-input')).error).toContain('"video-to-audio"');
  });

  test('a running run and a finished one are described in the same shape', async () => {
    const id = await instance.begin({ pipeline: 'chain', settings: { nodes: 3, slowAt: 1, slowMs: 2000 } });
    await instance.until('node 1 runs', async () => (await instance.describe(id)).nodes[1]?.status === 'running');
    const running = await instance.describe(id);
    expect(running).toMatchObject({ workflowId: id, pipeline: 'chain', status: 'running', report: null });
    expect(running.nodes.map((node) => node.status)).toEqual(['done', 'running', 'pending']);
    const finished = await instance.wait(id);
    expect(await instance.describe(id)).toEqual(finished);
    expect(Object.keys(finished)).toEqual(
      expect.arrayContaining(['workflowId', 'runId', 'pipeline', 'status', 'seconds', 'report', 'nodes']),
    );
    for (const name of ['id', 'task', 'status', 'cache', 'key', 'attempts', 'seconds', 'outputs'])
      expect(finished.nodes[0]).toHaveProperty(name);
  });
});
