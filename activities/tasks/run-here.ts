import type { PlannedNode } from '../../engine/plan/plan.ts';
import { record } from '../cache.ts';
import type { Dependencies } from '../dependencies.ts';
import { type ErrorData, errorData, isWorthRetrying } from '../failures.ts';
import type { Outputs, RunIdentity } from '../messages.ts';
import { hadPlannedCode } from '../plan/fingerprints.ts';
import type { LoadedPlan } from '../plan/run-plan.ts';
import { metricRow } from '../rows.ts';
import { type AnyRun, currentImplementation } from './implementation.ts';
import { noCheckpoints } from './no-checkpoints.ts';
import { runTask, type TaskServices } from './run-task.ts';

/** A task that is executed in this process without a lease: pure and cheap enough to be done twice. */
export interface LightWork {
  readonly key: string;
  readonly inputs: Outputs;
  readonly item?: unknown;
}
export type LightResult =
  | { readonly outputs: Outputs; readonly seconds: number; readonly attempts: number }
  | { readonly error: ErrorData; readonly attempts: number };

/** The code of a node in this process, unless its sources changed since the process began. */
export async function implementationHere(deps: Dependencies, plan: LoadedPlan, node: PlannedNode): Promise<AnyRun | undefined> {
  const fingerprint = plan.plan.code[node.task];
  if (node.code === undefined || fingerprint === undefined) return undefined;
  const isPlanned = () => hadPlannedCode(deps, plan, node.task);
  return currentImplementation(node.task, node.code, fingerprint, deps.projectRoot, isPlanned);
}

/**
 * Executes and records a light task. An error that nobody typed gets a few attempts at once; what is left is returned, not thrown,
 * because one bad element must not end its neighbours.
 */
export async function runLight(
  deps: Dependencies,
  plan: LoadedPlan,
  node: PlannedNode,
  run: AnyRun,
  work: LightWork,
  owner: RunIdentity,
  signal: AbortSignal,
): Promise<LightResult> {
  for (let attempt = 1; ; attempt++) {
    const startedAt = deps.now();
    try {
      let seconds = 0;
      const services: TaskServices = {
        store: deps.store,
        home: deps.home,
        signal,
        attempt,
        checkpoints: noCheckpoints(node.id),
        progress: () => {},
        metric: (name, step, value) => deps.ledger.append('metrics', [metricRow(owner, node.id, name, step, value, deps.now())]),
        warn: (message) => deps.warn(`${node.id}: ${message}`),
      };
      const outputs = await runTask(run, node, work.inputs, work.item, services, (made) => {
        seconds = (deps.now() - startedAt) / 1000;
        return record(deps, plan, node, { ...work, outputs: made, startedAt, seconds, attempts: attempt });
      });
      return { outputs, seconds, attempts: attempt };
    } catch (error) {
      signal.throwIfAborted();
      const data = errorData(error);
      if (data.retryable === true || !isWorthRetrying(data, attempt)) return { error: data, attempts: attempt };
    }
  }
}
