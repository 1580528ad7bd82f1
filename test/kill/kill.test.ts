import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunReport } from '../../activities/messages.ts';
import { isAlive } from '../../engine/leases/is-alive.ts';
import { uniform } from '../../numeric/random.ts';
import { Instance, nodeOf } from '../end-to-end/fixtures/instance.ts';
import { hasServer } from '../end-to-end/fixtures/server.ts';
import { CHECKPOINT_STEPS } from './fixtures/tasks.ts';

const KILLS = 10;
const STEPS = 150;
/** Where the kills fall; printed so that a failure can be repeated. */
const seed = Number(process.env.SOSTENUTO_KILL_SEED ?? process.pid);

const workerScript = join(import.meta.dirname, 'fixtures/worker-process.ts');
const modelOf = (run: RunReport) => nodeOf(run, 'train').outputs;
/** Steps in the order in which they were trained, repetitions included. */
const trained = (instance: Instance) =>
  instance
    .executions()
    .filter((line) => line.startsWith('trained '))
    .map((line) => Number(line.split(' ')[1]));
const trainer = (instance: Instance): number =>
  Number(
    readFileSync(instance.logPath, 'utf8')
      .trim()
      .split('\n')
      .filter((line) => / (train|trained \d+)$/.test(line))
      .at(-1)
      ?.split(' ')[1],
  );

/** A training goes on while the server is away, so its steps are slow there and the kills close together. */
const cases = [
  { part: 'trainer', stepMs: 0, reach: 12, kill: async (instance: Instance) => void process.kill(trainer(instance), 'SIGKILL') },
  {
    part: 'worker',
    stepMs: 0,
    reach: 12,
    kill: async (instance: Instance) => {
      const pid = trainer(instance);
      await instance.stopWorkers();
      await instance.until('no orphan is left', () => !isAlive(pid), 12_000);
      await instance.startWorker();
    },
  },
  {
    part: 'server',
    stepMs: 250,
    reach: 2,
    kill: async (instance: Instance) => {
      await instance.server.stop('SIGKILL');
      await instance.startServer();
    },
  },
];

/** Lets the training come a few steps further than ever before, then kills, ten times. */
async function killTenTimes(instance: Instance, { part, stepMs, reach, kill }: (typeof cases)[number]): Promise<RunReport> {
  const workflowId = await instance.begin({ pipeline: 'interrupted', settings: { steps: STEPS, stepMs } });
  const distances = uniform({ seed, purpose: part }, KILLS);
  let furthest = 0;
  for (const distance of distances) {
    const aim = Math.min(STEPS, furthest + 1 + Math.floor(distance * reach));
    await instance.until(`step ${aim} is trained (seed ${seed})`, () => Math.max(0, ...trained(instance)) >= aim, 90_000);
    await kill(instance);
    furthest = Math.max(furthest, ...trained(instance));
  }
  return instance.wait(workflowId);
}

/** Steps that were trained again after each interruption. */
function repetitions(steps: readonly number[]): number[] {
  const repeated: number[] = [];
  for (const [i, step] of steps.entries()) if (i > 0 && step <= (steps[i - 1] ?? 0)) repeated.push((steps[i - 1] ?? 0) - step + 1);
  return repeated;
}

describe.runIf(hasServer)('a run whose parts are killed at random moments', () => {
  const undisturbed = new Instance(workerScript);
  let expected: RunReport;
  beforeAll(async () => {
    await undisturbed.start();
    await undisturbed.startWorker();
    expected = await undisturbed.run({ pipeline: 'interrupted', settings: { steps: STEPS } });
    await undisturbed.stop();
  }, 180_000);

  describe.each(cases)('the $part', (one) => {
    const instance = new Instance(workerScript);
    afterAll(() => instance.stop());

    test('ten kills: the run ends, no finished node runs again, little is repeated, the weights are the same bytes', async () => {
      await instance.start({ database: join(instance.home, 'temporal.db') });
      await instance.startWorker();
      const run = await killTenTimes(instance, one);
      await instance.connect();
      expect(run.status).toBe('done');
      for (const node of ['prepare', 'conclude']) expect(instance.executions().filter((line) => line === node)).toHaveLength(1);
      const steps = trained(instance);
      expect(new Set(steps).size).toBe(STEPS);
      for (const repeated of repetitions(steps)) expect(repeated).toBeLessThanOrEqual(CHECKPOINT_STEPS);
      expect(modelOf(run)).toEqual(modelOf(expected));
    }, 400_000);
  });

  test('the comparison can fail: one step less gives other weights', async () => {
    const shorter = new Instance(workerScript);
    try {
      await shorter.start();
      await shorter.startWorker();
      const run = await shorter.run({ pipeline: 'interrupted', settings: { steps: STEPS - 1 } });
      expect(modelOf(run)).not.toEqual(modelOf(expected));
    } finally {
      await shorter.stop();
    }
  }, 180_000);
});
