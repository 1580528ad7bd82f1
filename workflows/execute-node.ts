import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  executeChild,
  scheduleActivity,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { GroupOutcome, GroupRequest, MapRequest, MapWork, NodeOutcome, NodeRequest, Profile } from '../activities/messages.ts';
import { nodeOptions } from './activities.ts';
import { addGroup, emptyGroup, tooManyFailures } from './map-sum.ts';

/** More elements than this are executed by a child workflow, so that one history stays short. */
const childLimit = 200;

/** A node that is a task: one activity, named after the task. */
export const executeTask = (profile: Profile, request: NodeRequest): Promise<NodeOutcome> =>
  scheduleActivity(profile.task, [request], nodeOptions(profile, request.node));

/** One group of a map's elements. */
export function executeGroup(profile: Profile, request: NodeRequest, work: MapWork, group: number): Promise<GroupOutcome> {
  const argument: GroupRequest = { ...request, work, group };
  const size = Math.ceil(work.elements / work.groups);
  return scheduleActivity(profile.task, [argument], nodeOptions(profile, `${request.node} ${group + 1}/${work.groups}`, size));
}

/** The elements of a map that are not in the cache. */
export async function executeMap(profile: Profile, request: NodeRequest, work: MapWork): Promise<GroupOutcome> {
  if (work.elements > childLimit) {
    const argument: MapRequest = { request, work, profile };
    return executeChild('runMap', {
      args: [argument],
      workflowId: `${workflowInfo().workflowId}/${request.node}`,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      staticSummary: `${work.elements} elements of ${request.node}`.slice(0, 190),
    });
  }
  let sum = emptyGroup;
  await Promise.all(
    Array.from({ length: work.groups }, async (_, group) => {
      const outcome = await executeGroup(profile, request, work, group);
      sum = addGroup(sum, outcome);
      if (sum.quarantined > profile.maxFailures) throw tooManyFailures(request.node, sum, profile.maxFailures);
    }),
  );
  return sum;
}

/** The words of whoever threw first, and how many attempts were made. */
export function failureOf(error: unknown): { message: string; attempts: number } {
  let cause: unknown = error;
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause !== undefined) cause = cause.cause;
  const message =
    cause instanceof TimeoutFailure
      ? `It ran into its time limit (${cause.timeoutType}).`
      : cause instanceof Error
        ? cause.message
        : String(cause);
  return { message: message.slice(0, 300), attempts: cause instanceof ApplicationFailure ? attemptOf(cause.details?.[0]) : 1 };
}

const attemptOf = (detail: unknown): number =>
  typeof detail === 'object' && detail !== null && 'attempt' in detail && typeof detail.attempt === 'number' ? detail.attempt : 1;
