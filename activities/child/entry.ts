/**
 * What a child process runs: one task after the other, as its parent asks. Everything that loads TensorFlow or blocks for long lives here, so that
 * the worker's event loop stays free. Started by `ChildRunner`, never by hand.
 */
import type { Lease } from '../../engine/leases/leases.ts';
import { openStore } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { errorData } from '../failures.ts';
import { openTaskCheckpoints } from '../tasks/checkpoints.ts';
import { importImplementation } from '../tasks/implementation.ts';
import { runTask } from '../tasks/run-task.ts';
import { leaseView } from './lease-view.ts';
import { endWithParent } from './orphan.ts';
import { aliveMs, type FromChild, type Job, parentVariable, type ToChild } from './protocol.ts';

const stop = new AbortController();

const send = (message: FromChild): void => {
  if (process.connected) process.send?.(message);
};
/** A message that must have left before the process may end. */
const deliver = (message: FromChild): Promise<void> =>
  new Promise((done) => (process.connected ? process.send?.(message, () => done()) : done()));

function stopNow(reason: string): void {
  stop.abort(new SostenutoError({ code: 'STOPPED', what: `The task was stopped: ${reason}.` }, { retryable: true }));
}

async function execute(job: Job): Promise<void> {
  const { node, lease: grant } = job;
  try {
    const store = await openStore(job.home);
    const lease: Lease = leaseView(store, grant.key, grant.token);
    const run = await importImplementation(job.code);
    send({ type: 'loaded' });
    const outputs = await runTask(run, node, job.inputs, job.item, {
      store,
      home: job.home,
      signal: stop.signal,
      attempt: job.attempt,
      checkpoints: () =>
        openTaskCheckpoints(store, job.checkpoints, lease, {
          warn: (message) => send({ type: 'warning', message }),
          saved: (step) => send({ type: 'checkpoint', step }),
          adopted: (from) => send({ type: 'adopted', from }),
        }),
      progress: (progress) => send({ type: 'progress', progress }),
      metric: (name, step, value) => send({ type: 'metric', name, step, value }),
      warn: (message) => send({ type: 'warning', message }),
    });
    await deliver({ type: 'done', outputs, memory: process.memoryUsage.rss() });
  } catch (error) {
    await deliver({ type: 'failed', error: errorData(error) });
  }
  if (stop.signal.aborted || !process.connected) process.exit(0);
}

let idle = true;
process.on('message', (message: ToChild) => {
  if (message.type === 'stop') stopNow(message.reason);
  else {
    idle = false;
    void execute(message.job).finally(() => {
      idle = true;
    });
  }
});
process.on('SIGTERM', () => stopNow('it received SIGTERM'));
// Ctrl-C reaches the whole group of processes: the parent decides, and tells this one.
process.on('SIGINT', () => {});
process.on('disconnect', () => orphaned());
endWithParent(Number(process.env[parentVariable] ?? process.ppid), orphaned);
setInterval(() => send({ type: 'alive' }), aliveMs);
send({ type: 'alive' });

function orphaned(): void {
  stopNow('the worker that started it is gone');
  if (idle) process.exit(0);
  // A task that doesn't listen has had its time; the watching thread ends it even while it computes.
  setTimeout(() => process.exit(1), 9_000).unref();
}
