import { readFileSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { queueName } from '../../activities/messages.ts';
import type { Workers } from '../../activities/worker/start-workers.ts';
import type { Queue } from '../../engine/define/task.ts';
import { isAlive } from '../../engine/leases/is-alive.ts';
import { hasGpu } from '../config/gpu.ts';
import { loadConfig, loadPipelines } from '../config/load.ts';
import type { Project } from './project.ts';
import { freshMs, onDuty, signIn } from './roster.ts';
import type { Session } from './session.ts';

/** Which of the queues nobody works on. */
export async function unstaffed({ client, config }: Pick<Session, 'client' | 'config'>, queues: readonly Queue[]): Promise<Queue[]> {
  const signedIn = onDuty(config.home, config.taskQueue);
  const isStaffed = await Promise.all(
    queues.map(async (queue) => {
      if (signedIn.has(queue)) return true;
      const { pollers } = await client.workflowService.describeTaskQueue({
        namespace: config.temporal.namespace,
        taskQueue: { name: queueName(config.taskQueue, queue) },
        // Workflow tasks (1) or activity tasks (2).
        taskQueueType: queue === 'light' ? 1 : 2,
      });
      return (pollers ?? []).some(({ identity, lastAccessTime }) =>
        isListening(identity ?? '', Number(lastAccessTime?.seconds ?? 0) * 1000),
      );
    }),
  );
  return queues.filter((_, index) => isStaffed[index] !== true);
}

/** The server remembers a dead worker for minutes; one on this machine can be looked at instead. */
function isListening(identity: string, lastSeenMs: number): boolean {
  const [, pid, host] = /^(\d+)@(.*)$/.exec(identity) ?? [];
  if (host === hostname()) return isAlive(Number(pid));
  return Date.now() - lastSeenMs < freshMs;
}

/** What workers are made of: the biggest part of the code, loaded only by who needs it. */
export const loadWorkers = () =>
  Promise.all([
    import('@temporalio/worker'),
    import('../../activities/worker/start-workers.ts'),
    import('../../web/report/report-writer.ts'),
    import('../../web/report/history-page.ts'),
  ]);

/** Starts workers in this process. Signals are left to the command, which decides whether a run is canceled or only handed over. */
export async function employ(
  { config }: Project,
  session: Session,
  queues: readonly Queue[],
  warn: (line: string) => void,
): Promise<Workers> {
  const [{ DefaultLogger, Runtime }, { startWorkers }, { createReportWriter }, { writeHistory }] = await loadWorkers();
  try {
    // Errors only: what becomes of a node is told by its run. And not on stdout, which belongs to the command's data.
    Runtime.install({
      shutdownSignals: [],
      // A server that is away is told once, by whoever keeps an eye on it, and not by every caller that tries again.
      logger: new DefaultLogger('ERROR', ({ message }) => (message.startsWith('gRPC call') ? undefined : warn(message))),
      telemetryOptions: { logging: { forward: {}, filter: 'ERROR' } },
    });
  } catch (error) {
    // It is installed already, once in a process.
    if (!(error instanceof Error && error.name === 'IllegalStateError')) throw error;
  }
  const { home, temporal, taskQueue, root, packageRoot, slots, tracking, alertWebhook } = config;
  // TensorFlow's name; the processes of the tasks inherit it.
  process.env.TF_NUM_INTRAOP_THREADS ??= String(Math.max(1, Math.floor(availableParallelism() / slots.train)));
  const { uiUrl } = session;
  const workers = await startWorkers({
    address: session.address,
    namespace: temporal.namespace,
    connection: temporal.connection,
    home,
    projectRoot: root,
    taskQueue,
    queues,
    pipelines: async () => loadPipelines(await loadConfig(root)),
    slots,
    idleProcesses: hasGpu(packageRoot) ? 0 : Math.min(4, availableParallelism()),
    ...backendOf(config),
    ...(tracking === undefined ? {} : { tracking }),
    ...(alertWebhook === undefined ? {} : { alertWebhook }),
    onWarning: warn,
    afterReport: ({ store, ledger }) => writeHistory(store, ledger, home),
    writeReport: ({ store, ledger, ...finished }) =>
      createReportWriter({
        store,
        ledger,
        home,
        ...(uiUrl === undefined ? {} : { temporalUi: ({ workflowId, runId }) => runLink(uiUrl, temporal.namespace, workflowId, runId) }),
      })(finished),
  });
  const signOut = signIn(home, taskQueue, queues);
  workers.done.then(signOut, signOut);
  return workers;
}

/** The run's page in the Temporal UI. */
export const runLink = (uiUrl: string, namespace: string, workflowId: string, runId?: string): string =>
  `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}${runId === undefined ? '' : `/${encodeURIComponent(runId)}`}`;

/** The backend that was asked for, else the one that the set-up chose. */
function backendOf({ backend, tools }: Project['config']): { backend?: string } {
  if (backend !== undefined) return { backend };
  try {
    const { tensorflow }: { tensorflow?: { backend?: string } } = JSON.parse(readFileSync(join(tools, 'setup.json'), 'utf8'));
    return tensorflow?.backend === undefined ? {} : { backend: tensorflow.backend };
  } catch {
    return {};
  }
}
