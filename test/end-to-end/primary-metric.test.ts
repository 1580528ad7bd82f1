import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Instance } from './fixtures/instance.ts';
import { hasServer } from './fixtures/server.ts';

const instance = new Instance();

describe.runIf(hasServer)('the search attribute PrimaryMetric', () => {
  beforeAll(async () => {
    await instance.start();
    await instance.startWorker();
  });
  afterAll(() => instance.stop());

  async function primaryMetricOf(request: Parameters<typeof instance.run>[0]): Promise<unknown> {
    const { workflowId, status, error } = await instance.run(request);
    expect(status, error).toBe('done');
    const { searchAttributes } = await instance.runs.client.workflow.getHandle(workflowId).describe();
    return searchAttributes['PrimaryMetric']?.[0];
  }
  const figures = [
    { name: 'distance', value: 0.25 },
    { name: 'other', value: 9 },
  ];

  test('is the first measure of the last node that has any', async () => {
    expect(await primaryMetricOf({ pipeline: 'measured', settings: { figures } })).toBe(0.25);
  });
  test('is there as well when every node is reused', async () => {
    expect(await primaryMetricOf({ pipeline: 'measured', settings: { figures } })).toBe(0.25);
  });
  test('is that of an earlier node when a later one measured nothing', async () => {
    expect(await primaryMetricOf({ pipeline: 'measured', settings: { figures: [] } })).toBe(1);
  });
  test('is absent from a run without measures', async () => {
    expect(await primaryMetricOf({ pipeline: 'chain', settings: { nodes: 2 } })).toBeUndefined();
  });
});
