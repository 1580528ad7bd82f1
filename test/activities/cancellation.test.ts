import { readFileSync } from 'node:fs';
import { ActivityCancellationDetails, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CompactPlan, NodeRequest } from '../../activities/messages.ts';
import { createNodeActivity } from '../../activities/node/node-activities.ts';
import { listCheckpoints } from '../../engine/checkpoints/checkpoints.ts';
import { isAlive } from '../../engine/leases/is-alive.ts';
import { plan, run, testDependencies } from './fixtures/dependencies.ts';

let deps: Awaited<ReturnType<typeof testDependencies>>;
let planned: CompactPlan;
const request = (): NodeRequest => ({ plan: planned.plan, node: 'train', run, fresh: {} });
/** One environment a case: a canceled one stays canceled. */
const environment = (attempt = 1) => new MockActivityEnvironment({ activityType: 'train', attempt, heartbeatTimeoutMs: 5000 });

/** Starts the training and waits for a heartbeat that tells of a step. */
async function startTraining(env: MockActivityEnvironment): Promise<{ result: Promise<unknown> }> {
  const trained = new Promise<void>((done) => env.on('heartbeat', (details: { step?: number }) => (details.step ?? 0) > 3 && done()));
  const result = env.run(createNodeActivity(deps), request()).then(
    (value) => value,
    (error: unknown) => error,
  );
  await trained;
  return { result };
}

describe('a training whose activity is stopped', () => {
  beforeEach(async () => {
    process.env['SOSTENUTO_TEST_LOG'] = '';
    deps = await testDependencies();
    process.env['SOSTENUTO_TEST_LOG'] = `${deps.home}/log`;
    planned = await plan(deps, { pipeline: 'training', settings: { seed: 3, steps: 400, ms: 10, every: 1000 } });
  });
  afterEach(() => deps.remove());

  test.each([
    ['CANCELLED', 'cancelRequested'],
    ['CANCELLED', 'paused'],
    ['CANCELLED', 'reset'],
    ['TIMED_OUT', 'timedOut'],
    ['WORKER_SHUTDOWN', 'workerShutdown'],
    ['NOT_FOUND', 'notFound'],
  ] as const)('saves a checkpoint and ends (%s, %s)', async (reason, detail) => {
    const env = environment();
    const { result } = await startTraining(env);
    env.cancel(reason, new ActivityCancellationDetails({ [detail]: true }));
    const error = await result;
    expect(error).toBeInstanceOf(CancelledFailure);
    const [checkpoint] = await listCheckpoints(deps.store);
    expect(checkpoint?.step).toBeGreaterThan(3);
    // Its process is gone, and whoever comes next needn't wait for a lease.
    const pid = Number(readFileSync(`${deps.home}/log`, 'utf8').split(' ')[1]);
    expect(isAlive(pid)).toBe(false);
  });

  test('goes on from there in the next attempt, without a step repeated', async () => {
    planned = await plan(deps, { pipeline: 'training', settings: { seed: 3, steps: 200, ms: 10, every: 1000 } });
    const env = environment();
    const { result } = await startTraining(env);
    env.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
    await result;
    const outcome = await environment(2).run(createNodeActivity(deps), request());
    expect(outcome).toMatchObject({ cache: 'miss', attempts: 2 });
    const steps = readFileSync(`${deps.home}/log`, 'utf8')
      .split('\n')
      .filter((line) => line.includes('train step'));
    expect(steps).toHaveLength(200);
  });
});
