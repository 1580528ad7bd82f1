import { readMeasures } from '../../engine/history/measured-runs.ts';
import type { Store } from '../../engine/store/store.ts';
import type { LoadedPlan } from '../plan/run-plan.ts';
import type { RunState } from '../state.ts';

/**
 * The number that a finished run is found and compared by: the first measure of the last node, in the plan's order, that has any. It is also the
 * one in the headline of the report. Undefined for a run without measures.
 */
export async function primaryMetric(store: Store, plan: LoadedPlan, state: RunState): Promise<number | undefined> {
  for (const { id } of plan.nodes.toReversed()) {
    const [first] = await readMeasures(store, id, state.nodes[id]?.outputs['measures']);
    if (first !== undefined) return first.value;
  }
  return undefined;
}
