import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { PlannedNode } from '../../engine/plan/plan.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { elementsOfGroup, type KeyedElement, quarantine, type WorkList } from '../advance/elements.ts';
import { inputsOf, type NodeInputs } from '../cache.ts';
import type { Dependencies } from '../dependencies.ts';
import { applicationFailure, errorData, isWorthRetrying } from '../failures.ts';
import type { GroupOutcome, GroupRequest, NodeOutcome, NodeRequest } from '../messages.ts';
import { type LoadedPlan, loadPlan, plannedNode } from '../plan/run-plan.ts';
import { loadState } from '../state.ts';
import { ChildSlot, type Execution, execute } from './execute.ts';
import { Heartbeats } from './heartbeats.ts';

/**
 * The activity behind every task's name. A node runs once; a group of a map's elements one after the other, each with its own record, so that a
 * retry finds what is done.
 */
export function createNodeActivity(deps: Dependencies) {
  return async function executeNode(request: NodeRequest | GroupRequest): Promise<NodeOutcome | GroupOutcome> {
    const context = Context.current();
    const { attempt, activityType } = context.info;
    try {
      checkArgument(request, activityType);
      const plan = await loadPlan(deps.store, request.plan);
      const node = plannedNode(plan, request.node);
      const given = await readInputs(deps, plan, node, request);
      const beats = new Heartbeats(context, node.id, node.heartbeatSeconds * 1000);
      const child = new ChildSlot(node, deps.children);
      const unwatch = node.queue === 'train' ? deps.watch?.(request.run, node.id) : undefined;
      try {
        const shared = { deps, context, plan, node, run: request.run, inputs: given.inputs, beats, child };
        return 'work' in request ? await executeGroup(shared, request) : await execute(shared);
      } finally {
        await child.release();
        beats.stop();
        unwatch?.();
      }
    } catch (error) {
      // A stopped task ends with whatever it likes; what Temporal has to hear is why it was stopped.
      if (context.cancellationSignal.aborted) await context.cancelled;
      throw applicationFailure(error, attempt);
    }
  };
}

async function readInputs(deps: Dependencies, plan: LoadedPlan, node: PlannedNode, request: NodeRequest): Promise<NodeInputs> {
  const state = await loadState(deps.store, request.state);
  const given = inputsOf(node, (id) => request.fresh[id] ?? state.nodes[id]?.outputs);
  if (given !== undefined) return given;
  const missing = (plan.upstream[plan.indexOf.get(node.id) ?? -1] ?? [])
    .map((up) => plan.nodes[up]?.id ?? '')
    .filter((id) => !(id in request.fresh) && !(id in state.nodes));
  throw new SostenutoError({
    code: 'NO_INPUTS',
    what: `"${node.id}" was started before its inputs were there.`,
    where: node.id,
    found: `nothing from ${missing.join(', ')}`,
  });
}

type Shared = Omit<Execution, 'element'>;

async function executeGroup(shared: Shared, request: GroupRequest): Promise<GroupOutcome> {
  const { deps, context, node, beats } = shared;
  const list = await deps.store.readJson<WorkList>(request.work.work);
  const elements = elementsOfGroup(list, request.work, request.group);
  const failed: { id: string; reason: string }[] = [];
  const sum = { ran: 0, hits: 0, seconds: 0 };
  let again: unknown;
  for (const [done, element] of elements.entries()) {
    beats.tell({ element: element.id, done, elements: elements.length });
    try {
      const outcome = await executeElement(shared, element);
      if (outcome.cache === 'hit') sum.hits++;
      else sum.ran++;
      sum.seconds += outcome.seconds;
    } catch (error) {
      if (context.cancellationSignal.aborted) throw error;
      const data = errorData(error);
      // One element that has to wait for better times doesn't keep the others waiting.
      if (data.retryable === true) again ??= error;
      else failed.push(quarantine(element.id, data.message));
    }
    if (failed.length > node.maxFailures) break;
  }
  if (again !== undefined && failed.length <= node.maxFailures) throw again;
  const [first] = failed;
  return {
    ...sum,
    quarantined: failed.length,
    quarantine: failed.length === 0 ? [] : [await deps.store.putJson(failed)],
    ...(first === undefined ? {} : { first: `${first.id}: ${first.reason}`.slice(0, 300) }),
    attempts: context.info.attempt,
  };
}

/** An error that nobody typed gets its few attempts at once: the group as a whole needn't start again. */
async function executeElement(shared: Shared, { id, item }: KeyedElement): Promise<NodeOutcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await execute({ ...shared, element: { id, item } });
    } catch (error) {
      await shared.child.close();
      const data = errorData(error);
      if (shared.context.cancellationSignal.aborted || data.retryable === true || !isWorthRetrying(data, attempt)) throw error;
    }
  }
}

function checkArgument(request: unknown, task: string): asserts request is NodeRequest | GroupRequest {
  if (typeof request === 'object' && request !== null && 'plan' in request && 'node' in request && 'fresh' in request) return;
  throw ApplicationFailure.nonRetryable(`Activity "${task}" is started by runPipeline only.`, 'BAD_REQUEST');
}
