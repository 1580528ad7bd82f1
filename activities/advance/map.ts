import type { Quarantined } from '../../engine/define/pipeline.ts';
import type { PlannedNode } from '../../engine/plan/plan.ts';
import { inParallel } from '../batches.ts';
import { lookUp, type NodeInputs, record, wholeKey } from '../cache.ts';
import type { Dependencies } from '../dependencies.ts';
import type { MapWork, Outputs, RunIdentity } from '../messages.ts';
import type { LoadedPlan } from '../plan/run-plan.ts';
import type { NodeState, PartialMap } from '../state.ts';
import { implementationHere, runLight } from '../tasks/run-here.ts';
import { findElements, keyedElements, mapOutputs, planWork, quarantine } from './elements.ts';
import { emptyMap, unsettled } from './news.ts';

export type MapStep =
  | { readonly settled: NodeState }
  | { readonly ready: MapWork }
  /** Light elements that are not all done yet. */
  | { readonly partial: PartialMap };

export interface Slice {
  readonly run: RunIdentity;
  readonly signal: AbortSignal;
  /** Time to stop and report. */
  readonly isOver: () => boolean;
  /** Whether tasks may be executed now, or only looked up. */
  readonly mayExecute: boolean;
}

/**
 * Expands a map now that its list is known: elements in the cache are taken, light ones executed here, the others handed out as work.
 * When no element is missing any more, the lists are put together and the whole map is recorded, so that it is one look-up the next time.
 */
export async function stepMap(
  deps: Dependencies,
  plan: LoadedPlan,
  node: PlannedNode,
  given: NodeInputs,
  before: PartialMap | undefined,
  slice: Slice,
): Promise<MapStep> {
  const key = wholeKey(plan, node, given);
  const list = given.over === undefined ? [] : await deps.store.readJson<unknown>(given.over);
  const elements = keyedElements(plan, node, given.inputs, list);
  const whole = before === undefined ? await lookUp(deps, plan, node, key) : undefined;
  if (whole !== undefined) {
    const failed = await quarantinedIn(deps, whole.outputs);
    if (failed.length <= node.maxFailures)
      return { settled: settled(key, whole.outputs, 'hit', elements.length, { ...emptyMap, quarantined: failed }) };
  }
  let partial = before ?? emptyMap;
  if (partial.quarantined.length > node.maxFailures) return { settled: failedMap(node, elements.length, partial) };
  const found = await findElements(deps, plan, node, elements);
  const bad = new Set(partial.quarantined.map(({ id }) => id));
  let missing = elements.filter(({ id }) => !found.has(id) && !bad.has(id));
  if (missing.length > 0) {
    const implementation = node.runs === 'local' ? await implementationHere(deps, plan, node) : undefined;
    if (implementation === undefined) return { ready: await planWork(deps, node, missing) };
    if (!slice.mayExecute) return { partial };
    const newlyBad: Quarantined[] = [];
    let { ran, seconds } = partial;
    let passing = 0;
    const started = await inParallel(
      missing,
      32,
      async ({ id, key, item }) => {
        const result = await runLight(deps, plan, node, implementation, { key, inputs: given.inputs, item }, slice.run, slice.signal);
        if ('outputs' in result) {
          found.set(id, result.outputs);
          ran++;
          seconds += result.seconds;
        } else if (result.error.retryable === true) passing++;
        else newlyBad.push(quarantine(id, result.error.message));
      },
      () => slice.isOver() || partial.quarantined.length + newlyBad.length > node.maxFailures,
    );
    partial = { ...partial, ran, seconds, quarantined: [...partial.quarantined, ...newlyBad] };
    if (partial.quarantined.length > node.maxFailures) return { settled: failedMap(node, elements.length, partial) };
    missing =
      started < missing.length || passing > 0
        ? elements.filter(({ id }) => !found.has(id) && !partial.quarantined.some((q) => q.id === id))
        : [];
    // What failed for a passing reason goes on as activities, which wait between their attempts.
    if (passing > 0) return { ready: await planWork(deps, node, missing) };
    if (missing.length > 0) return { partial };
  }
  const outputs = await mapOutputs(deps, node, elements, found, partial.quarantined);
  const cache = partial.ran === 0 && elements.length > 0 && partial.quarantined.length === 0 ? 'hit' : 'miss';
  const state = settled(key, outputs, cache, elements.length, partial);
  await record(deps, plan, node, {
    key,
    inputs: { ...given.inputs, ...(given.over === undefined ? {} : { '[]': given.over }) },
    outputs,
    startedAt: deps.now(),
    seconds: partial.seconds,
    attempts: state.attempts,
  });
  return { settled: state };
}

const quarantinedIn = async (deps: Dependencies, outputs: Outputs): Promise<Quarantined[]> =>
  outputs['quarantined'] === undefined ? [] : deps.store.readJson<Quarantined[]>(outputs['quarantined']);

function settled(key: string, outputs: Outputs, cache: 'hit' | 'miss', total: number, map: PartialMap): NodeState {
  const quarantined = map.quarantined.length;
  return {
    status: 'done',
    cache,
    key,
    outputs,
    seconds: map.seconds,
    attempts: cache === 'hit' ? 0 : map.attempts,
    elements: { total, ran: map.ran, hits: total - map.ran - quarantined, quarantined },
  };
}

function failedMap(node: PlannedNode, total: number, map: PartialMap): NodeState {
  const [first] = map.quarantined;
  const quarantined = map.quarantined.length;
  return {
    ...unsettled,
    status: 'failed',
    attempts: 1,
    seconds: map.seconds,
    error: `${quarantined} of ${total} elements failed, at most ${node.maxFailures} may. The first, ${first?.id}: ${first?.reason}`,
    elements: { total, ran: map.ran, hits: 0, quarantined },
  };
}
