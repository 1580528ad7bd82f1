import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isAlive } from '../../engine/leases/is-alive.ts';
import { Instance, nodeOf } from './fixtures/instance.ts';
import { hasServer } from './fixtures/server.ts';

const instance = new Instance();
const database = join(instance.home, 'temporal.db');
/** Processes of the log's lines that contain `word`. */
const pidsOf = async (word: string): Promise<number[]> => {
  const { readFileSync } = await import('node:fs');
  const lines = readFileSync(instance.logPath, 'utf8')
    .split('\n')
    .filter((line) => line.includes(word));
  return [...new Set(lines.map((line) => Number(line.split(' ')[1])))];
};

describe.runIf(hasServer)('death of a part', () => {
  beforeAll(() => instance.start({ database }));
  afterAll(() => instance.stop());
  afterEach(() => instance.stopWorkers());

  test('worker killed in node 12 of 20: noticed by the heartbeat, exactly the unfinished nodes run', async () => {
    const worker = await instance.startWorker();
    const id = await instance.begin({ pipeline: 'chain', settings: { nodes: 20, slowAt: 12, slowMs: 3000, heartbeatSeconds: 5 } });
    await instance.until('node 12 runs', () => instance.executions().includes('step n12'));
    await sleep(500);
    await instance.stopWorker(worker, 'SIGKILL');
    const killed = instance.executions().length;
    await instance.startWorker();
    const run = await instance.wait(id);
    expect(run.status).toBe('done');
    expect(instance.executions(killed)).toEqual([12, 13, 14, 15, 16, 17, 18, 19].map((i) => `step n${i}`));
    expect(nodeOf(run, 'n12').attempts).toBe(2);
  });

  test('worker killed in a training: its process ends too, and at most one checkpoint interval is repeated', async () => {
    const worker = await instance.startWorker();
    const before = instance.executions().length;
    const id = await instance.begin({ pipeline: 'training', settings: { seed: 1, steps: 100, ms: 20, every: 10 } });
    await instance.until('step 64', () => instance.executions(before).includes('train step 64'));
    await instance.stopWorker(worker, 'SIGKILL');
    const pids = await pidsOf('train step');
    await instance.until('no orphan is left', () => !pids.some(isAlive), 12_000);
    await instance.startWorker();
    const run = await instance.wait(id);
    const steps = instance.executions(before).filter((line) => line.startsWith('train step'));
    expect(new Set(steps).size).toBe(100);
    expect(steps.length - 100).toBeLessThanOrEqual(10);
    const undisturbed = await instance.run({ pipeline: 'training', settings: { seed: 1, steps: 100, ms: 0, every: 10 }, from: 'train' });
    expect(nodeOf(undisturbed, 'train').outputs).toEqual(nodeOf(run, 'train').outputs);
  });

  test('the process of a training killed: the activity is tried again from the checkpoint', async () => {
    await instance.startWorker();
    const before = instance.executions().length;
    const id = await instance.begin({ pipeline: 'training', settings: { seed: 2, steps: 60, ms: 20, every: 10 } });
    await instance.until('step 25', () => instance.executions(before).includes('train step 25'));
    const [pid = 0] = (await pidsOf('train step')).slice(-1);
    process.kill(pid, 'SIGKILL');
    const run = await instance.wait(id);
    expect(nodeOf(run, 'train')).toMatchObject({ status: 'done', attempts: 2 });
    expect(instance.executions(before).filter((line) => line.startsWith('train from'))).toEqual(['train from 0', 'train from 20']);
  });

  test('the process of an extraction killed inside a shard: it goes on behind the clips that it has, to the same bytes', async () => {
    await instance.startWorker();
    const before = instance.executions().length;
    const decoded = (from: number) => instance.executions(from).filter((line) => line.startsWith('decode'));
    const id = await instance.begin({ pipeline: 'extraction' });
    await instance.until('the fourth clip is begun', () => decoded(before).length >= 4);
    const [pid = 0] = (await pidsOf('decode')).slice(-1);
    process.kill(pid, 'SIGKILL');
    const killed = instance.executions().length;
    const first = decoded(before);
    const run = await instance.wait(id);
    expect(run.status).toBe('done');
    const second = decoded(killed);
    // What was in work when it died, and no other, may have been decoded twice.
    expect(first.slice(0, -1).filter((line) => second.includes(line))).toEqual([]);
    expect(new Set([...first, ...second]).size).toBe(8);
    const undisturbed = await instance.run({ pipeline: 'extraction', from: 'extract' });
    expect(decoded(killed).length).toBe(second.length + 8);
    expect(nodeOf(undisturbed, 'extract').outputs).toEqual(nodeOf(run, 'extract').outputs);
  });

  test('worker stopped politely: the training saves a checkpoint first and no step is lost', async () => {
    const worker = await instance.startWorker();
    const before = instance.executions().length;
    const id = await instance.begin({ pipeline: 'training', settings: { seed: 3, steps: 60, ms: 20, every: 1000 } });
    await instance.until('step 20', () => instance.executions(before).includes('train step 20'));
    await instance.stopWorker(worker);
    await instance.startWorker();
    expect((await instance.wait(id)).status).toBe('done');
    const steps = instance.executions(before).filter((line) => line.startsWith('train step'));
    expect(steps).toEqual(Array.from({ length: 60 }, (_, i) => `train step ${i + 1}`));
  });

  test('server killed and started again with the same database: the run goes on by itself', async () => {
    await instance.startWorker();
    const before = instance.executions().length;
    const id = await instance.begin({ pipeline: 'chain', settings: { nodes: 6, ms: 2, slowAt: 3, slowMs: 2000, heartbeatSeconds: 6 } });
    await instance.until('node 3 runs', () => instance.executions(before).includes('step n3'));
    const waiting = instance.wait(id);
    await instance.server.stop('SIGKILL');
    await sleep(500);
    await instance.startServer();
    const run = await waiting;
    expect(run.status).toBe('done');
    const ran = instance.executions(before);
    for (const i of [0, 1, 2]) expect(ran.filter((line) => line === `step n${i}`)).toHaveLength(1);
  });

  test('two runs that want the same key at once: one works, the other waits and hits', async () => {
    await instance.startWorker();
    const before = instance.executions().length;
    const settings = { nodes: 3, slowAt: 1, slowMs: 1500, ms: 1 };
    const ids = await Promise.all([instance.begin({ pipeline: 'chain', settings }), instance.begin({ pipeline: 'chain', settings })]);
    const [one, other] = await Promise.all(ids.map((id) => instance.wait(id)));
    expect(instance.executions(before).filter((line) => line === 'step n1')).toHaveLength(1);
    expect([one, other].map((run) => run && nodeOf(run, 'n1').cache).sort()).toEqual(['hit', 'miss']);
    expect(existsSync(join(instance.home, 'store'))).toBe(true);
  });
});
