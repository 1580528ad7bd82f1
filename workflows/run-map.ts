import { condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { GroupOutcome, MapRequest } from '../activities/messages.ts';
import { local } from './activities.ts';
import { executeGroup } from './execute-node.ts';
import { addGroup, emptyGroup, tooManyFailures } from './map-sum.ts';

/** Groups under way at once. */
const window = 128;
/** Lists of quarantined elements that are carried along before they are joined into one. */
const listLimit = 32;

/** The elements of one big map, a window at a time; goes on as a new execution when its history gets long. Started by `runPipeline` only. */
export async function runMap({ request, work, profile, from = 0, sum: before = emptyGroup }: MapRequest): Promise<GroupOutcome> {
  let sum = before;
  let next = from;
  let running = 0;
  let failure: unknown;
  const startOne = async (group: number): Promise<void> => {
    running++;
    try {
      const outcome = await executeGroup(profile, request, work, group);
      sum = addGroup(sum, outcome);
      if (sum.quarantined > profile.maxFailures) failure ??= tooManyFailures(request.node, sum, profile.maxFailures);
    } catch (error) {
      failure ??= error;
    } finally {
      running--;
    }
  };
  for (;;) {
    if (failure !== undefined) throw failure;
    if (sum.quarantine.length > listLimit) sum = { ...sum, quarantine: [await local.joinQuarantine(sum.quarantine)] };
    const drain = workflowInfo().continueAsNewSuggested;
    while (!drain && running < window && next < work.groups) void startOne(next++);
    if (running === 0 && next >= work.groups) return sum;
    if (running === 0 && drain) return continueAsNew<typeof runMap>({ request, work, profile, from: next, sum });
    const underWay = running;
    await condition(() => running < underWay || failure !== undefined);
  }
}
