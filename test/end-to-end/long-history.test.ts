import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendUpdate } from '../../activities/client/control-run.ts';
import { Instance, nodeOf } from './fixtures/instance.ts';
import { hasServer } from './fixtures/server.ts';

const instance = new Instance();

/** Executions of a workflow, oldest first. */
async function executions(workflowId: string): Promise<string[]> {
  const found: string[] = [];
  for await (const execution of instance.runs.client.workflow.list({ query: `WorkflowId = '${workflowId}'` }))
    found.push(execution.status.name);
  return found.reverse();
}

describe.runIf(hasServer)('long histories', () => {
  beforeAll(async () => {
    await instance.start({ settings: { 'limit.historyCount.suggestContinueAsNew': 60 } });
    await instance.startWorker();
  });
  afterAll(() => instance.stop());

  test('a long chain goes on in new executions, and every node runs once', async () => {
    const run = await instance.run({ pipeline: 'chain', settings: { nodes: 40 } });
    expect(run.nodes.map((node) => node.status)).toEqual(Array(40).fill('done'));
    expect(run.nodes.every((node) => node.cache === 'miss')).toBe(true);
    expect(instance.executions()).toEqual(Array.from({ length: 40 }, (_, i) => `step n${i}`));
    await instance.until('all executions are listed', async () => (await executions(run.workflowId)).length > 2);
    expect(new Set((await executions(run.workflowId)).slice(0, -1))).toEqual(new Set(['CONTINUED_AS_NEW']));
    // One run for the ledger, whatever the server calls it.
    const rows = await instance.runs.ledger.query('SELECT run FROM runs WHERE starts_with(run, $1)', [run.workflowId]);
    expect(rows).toHaveLength(1);
  });

  test('a big map goes on in new executions of its child', async () => {
    const run = await instance.run({ pipeline: 'clips', settings: { count: 2200, bad: 3, maxFailures: 3 } });
    expect(nodeOf(run, 'measure')).toMatchObject({ status: 'done', elements: { total: 2200, ran: 2197, hits: 0, quarantined: 3 } });
    await instance.until('all executions are listed', async () => (await executions(`${run.workflowId}/measure`)).length > 1);
  });

  test('a gate that was asked before is still asked afterwards', async () => {
    const id = await instance.begin({ pipeline: 'gated', settings: { tag: 'long' } });
    await instance.until('the gate waits', async () => (await instance.describe(id)).nodes[1]?.status === 'waiting');
    for (let i = 0; i < 12; i++) {
      await sendUpdate(instance.runs.client, id, 'pause');
      await sendUpdate(instance.runs.client, id, 'unpause');
    }
    await instance.until('the run went on', async () => (await executions(id)).length > 1);
    await instance.until('the gate waits', async () => (await instance.describe(id)).nodes[1]?.status === 'waiting');
    await sendUpdate(instance.runs.client, id, 'approve', { node: 'release', by: 'Ada' });
    expect((await instance.wait(id)).status).toBe('done');
  });
});
