import { createAdvanceActivities } from './advance/advance-activities.ts';
import type { Dependencies } from './dependencies.ts';
import { createFinishActivities } from './finish/finish-activities.ts';
import { createNodeActivity } from './node/node-activities.ts';
import { createPlanActivities } from './plan/plan-activities.ts';

/** Activities of a worker that only executes tasks: whatever their names, one function runs them. */
export const createActivities = (deps: Dependencies) => ({ default: createNodeActivity(deps) });

/** Activities of a worker that also runs the workflows. */
export function createWorkflowActivities(deps: Dependencies, signal: () => AbortSignal) {
  const { plan, readPlan } = createPlanActivities(deps);
  const { advance, joinQuarantine } = createAdvanceActivities(deps, signal);
  const { finish } = createFinishActivities(deps);
  return { ...createActivities(deps), plan, readPlan, advance, joinQuarantine, finish };
}
