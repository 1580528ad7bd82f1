import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Instance } from './fixtures/instance.ts';
import { Project } from './fixtures/project.ts';
import { hasServer } from './fixtures/server.ts';

const instance = new Instance();
const project = new Project();
const from = (first: number): string[] => Array.from({ length: 20 - first }, (_, i) => `n${first + i}`);

/** Runs the pipeline in a new worker, as a new command would, and says which nodes were executed. */
async function run(worker: 'new worker' | 'same worker' = 'new worker'): Promise<string[]> {
  const before = instance.executions().length;
  if (worker === 'new worker') {
    await instance.stopWorkers();
    await instance.startWorker('light,cpu,train', project.path);
  }
  const report = await instance.run({ pipeline: 'edited' });
  expect(report.error).toBeUndefined();
  return instance.executions(before);
}

describe.runIf(hasServer)('changed code', () => {
  beforeAll(async () => {
    await instance.start();
    expect(await run()).toEqual(from(0));
  });
  afterEach(async () => {
    expect(await run('same worker')).toEqual([]);
  });
  afterAll(async () => {
    await instance.stop();
    project.remove();
  });

  test('a comment changes nothing', async () => {
    project.edit('special.ts', '  const one', '  // A remark.\n  const one');
    expect(await run()).toEqual([]);
  });

  test('a body that makes the same output runs alone: what is below is cut off', async () => {
    project.edit('special.ts', 'inputs.value + one', 'one + inputs.value');
    expect(await run()).toEqual(['n10']);
  });

  test('a body that makes another output runs with everything below', async () => {
    project.edit('special.ts', 'one + inputs.value', 'one + inputs.value + 1');
    expect(await run()).toEqual(from(10));
  });

  test('a helper module counts as well', async () => {
    project.edit('helper.ts', '=> 0', '=> 5');
    expect(await run()).toEqual(from(10));
  });

  test('a module that all use runs all', async () => {
    project.edit('shared.ts', 'return 1', 'return 2');
    expect(await run()).toEqual(from(0));
  });

  test("a worker that has old code in its memory doesn't use it", async () => {
    project.edit('helper.ts', '=> 5', '=> 6');
    expect(await run('same worker')).toEqual(from(10));
    const again = await instance.run({ pipeline: 'edited' });
    const { digest = '', bytes = 0 } = again.nodes[19]?.outputs['value'] ?? {};
    // 20 nodes that add 2 each, the eleventh 1 and 6 more.
    expect(await instance.runs.store.readJson({ form: 'json', digest, bytes })).toBe(47);
  });
});
