import { availableParallelism } from 'node:os';
import { Context } from '@temporalio/activity';
import type { Queue } from '../../engine/define/task.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { openStore } from '../../engine/store/store.ts';
import { createActivities, createWorkflowActivities } from '../activities.ts';
import { ChildPool } from '../child/pool.ts';
import type { Dependencies } from '../dependencies.ts';
import { queueName } from '../messages.ts';
import type { Pipelines } from '../plan/registry.ts';
import { sweepWorkDirectories } from '../tasks/work-directory.ts';
import { startPublisher } from '../tracking/publisher.ts';
import { watchMachine } from '../tracking/system-metrics.ts';
import type { Tracking } from '../tracking/tracking.ts';
import { workflowBundle } from './bundle.ts';
import { registeredAttributes } from './search-attributes.ts';

export interface WorkerOptions {
  /** `host:port` of the Temporal server. */
  readonly address: string;
  /** Default `default`. */
  readonly namespace?: string;
  /** Further connection options: TLS, API key. */
  readonly connection?: Omit<import('@temporalio/worker').NativeConnectionOptions, 'address'>;
  readonly home: string;
  /** Root of the project whose sources the code fingerprints cover. */
  readonly projectRoot: string;
  /** Queue of the workflows; the others are called after it. */
  readonly taskQueue: string;
  readonly queues: readonly Queue[];
  /** Asked for at every plan, so that an edited pipeline needs no new worker. */
  readonly pipelines: () => Promise<Pipelines>;
  readonly writeReport?: Dependencies['writeReport'];
  readonly afterReport?: Dependencies['afterReport'];
  readonly backend?: string;
  /** Told of regressions that scheduled runs find. */
  readonly alertWebhook?: string;
  /** Where runs are shown besides; followed beside the work. */
  readonly tracking?: Tracking;
  /** Slots of the queues `cpu` (default: one a core) and `train` (default 1). */
  readonly slots?: Partial<Record<Queue, number>>;
  /** How many processes that have ended a task may wait for another one. Default 0: a process may hold a device. */
  readonly idleProcesses?: number;
  /** Milliseconds that tasks get to save a checkpoint when the worker is stopped. Default 30,000. */
  readonly shutdownGraceMs?: number;
  readonly onWarning?: (message: string) => void;
}

export interface Workers {
  /** Resolves when all workers have stopped; rejects if one dies. */
  readonly done: Promise<void>;
  /** Running tasks save a checkpoint, then the workers stop. */
  stop(): Promise<void>;
}

/** Light work shares the event loop with the workflows' bookkeeping. */
const lightSlots = 64;

/** Starts workers for some queues in this process. The one for `light` also runs the workflows. */
export async function startWorkers(options: WorkerOptions): Promise<Workers> {
  const { DefaultLogger, NativeConnection, Runtime, Worker } = await import('@temporalio/worker');
  const { address, namespace = 'default', home, taskQueue, queues } = options;
  const warn = options.onWarning ?? ((message: string) => console.warn(message));
  installRuntime(() =>
    Runtime.install({ logger: new DefaultLogger('WARN', ({ level, message, meta }) => warn(logLine(level, message, meta))) }),
  );
  sweepWorkDirectories(home);
  const [connection, store, bundle] = await Promise.all([
    NativeConnection.connect({ ...options.connection, address }),
    openStore(home),
    queues.includes('light') ? workflowBundle() : undefined,
  ]);
  const ledger = openLedger(home);
  const children = new ChildPool(options.idleProcesses ?? 0, options.projectRoot);
  const deps: Dependencies = {
    home,
    children,
    projectRoot: options.projectRoot,
    store,
    ledger,
    pipelines: options.pipelines,
    now: Date.now,
    warn,
    searchAttributes: registeredAttributes(connection, namespace),
    ...(options.writeReport === undefined ? {} : { writeReport: options.writeReport }),
    ...(options.afterReport === undefined ? {} : { afterReport: options.afterReport }),
    ...(options.backend === undefined ? {} : { backend: options.backend }),
    ...(options.alertWebhook === undefined ? {} : { alertWebhook: options.alertWebhook }),
    ...(options.tracking === undefined ? {} : { watch: (run, node) => watchMachine(ledger, run, node) }),
  };
  const slots: Record<Queue, number> = { light: lightSlots, cpu: availableParallelism(), train: 1, ...options.slots };
  const workers = await Promise.all(
    queues.map((queue) =>
      Worker.create({
        connection,
        namespace,
        taskQueue: queueName(taskQueue, queue),
        activities: queue === 'light' ? createWorkflowActivities(deps, () => Context.current().cancellationSignal) : createActivities(deps),
        maxConcurrentActivityTaskExecutions: slots[queue],
        // Short work ends by itself; long work is told early, so that there is time for its checkpoint.
        shutdownGraceTime: 500,
        shutdownForceTime: (options.shutdownGraceMs ?? 30_000) + 15_000,
        // Cancellation arrives as the answer to a heartbeat: rare beats would mean late stops.
        maxHeartbeatThrottleInterval: '500ms',
        defaultHeartbeatThrottleInterval: '500ms',
        ...(queue === 'light' && bundle !== undefined
          ? { workflowBundle: bundle, stickyQueueScheduleToStartTimeout: '1s', maxConcurrentLocalActivityExecutions: 16 }
          : {}),
      }),
    ),
  );
  const flush = setInterval(
    () => void ledger.flush().catch((error: unknown) => warn(`The ledger can't be written: ${String(error)}`)),
    2000,
  );
  flush.unref();
  const publisher = options.tracking === undefined ? undefined : startPublisher({ home, store, ledger, tracking: options.tracking, warn });
  const done = Promise.all(workers.map((worker) => worker.run())).then(
    () => end(),
    async (error: unknown) => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await end();
      throw error;
    },
  );
  async function end(): Promise<void> {
    clearInterval(flush);
    await children.close();
    await ledger.close();
    await publisher?.stop();
    await connection.close().catch(() => undefined);
  }
  return {
    done,
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await done;
    },
  };
}

/** The native runtime exists once in a process. */
function installRuntime(install: () => unknown): void {
  try {
    install();
  } catch (error) {
    if (!(error instanceof Error && error.name === 'IllegalStateError')) throw error;
  }
}

function logLine(level: string, message: string, meta: unknown): string {
  const error: unknown = typeof meta === 'object' && meta !== null && 'error' in meta ? meta.error : undefined;
  return `${level.toLowerCase()}: ${message}${error instanceof Error ? `: ${error.message}` : ''}`;
}

/** Address of the UI's form that starts a run, filled in but for the input. */
export const startLink = (uiOrigin: string, taskQueue: string, namespace = 'default'): string =>
  `${uiOrigin}/namespaces/${namespace}/workflows/start-workflow?workflowType=runPipeline&taskQueue=${encodeURIComponent(taskQueue)}`;
