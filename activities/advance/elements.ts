import type { Element, Mapped, Quarantined } from '../../engine/define/pipeline.ts';
import { nodeKey } from '../../engine/keys/keys.ts';
import type { PlannedNode } from '../../engine/plan/plan.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { inParallel } from '../batches.ts';
import { keyed, lookUp } from '../cache.ts';
import type { Dependencies } from '../dependencies.ts';
import type { MapWork, Outputs } from '../messages.ts';
import type { LoadedPlan } from '../plan/run-plan.ts';

/** An element with the key of its own result. */
export interface KeyedElement {
  readonly id: string;
  readonly key: string;
  readonly item: unknown;
}
/** The elements that have to be executed, as they lie in the store. */
export interface WorkList {
  readonly format: 1;
  readonly node: string;
  readonly elements: readonly KeyedElement[];
}

/**
 * The elements of a map's list with their keys.
 * @throws SostenutoError `BAD_ELEMENTS` when it is no list of objects with distinct names.
 */
export function keyedElements(plan: LoadedPlan, node: PlannedNode, inputs: Outputs, list: unknown): KeyedElement[] {
  if (!Array.isArray(list)) throw badElements(node, typeof list, 'a list');
  const seen = new Set<string>();
  return list.map((item: unknown, index) => {
    const id = typeof item === 'object' && item !== null && 'id' in item ? item.id : undefined;
    if (typeof id !== 'string' || id === '')
      throw badElements(node, `${JSON.stringify(item)?.slice(0, 100)} at place ${index}`, 'objects with a field "id" that is a text');
    if (seen.has(id)) throw badElements(node, `"${id}" twice`, 'distinct names: results follow the name, not the place');
    seen.add(id);
    return { id, key: nodeKey(keyed(plan, node, inputs, item as Element)), item };
  });
}

const badElements = (node: PlannedNode, found: string, expected: string): SostenutoError =>
  new SostenutoError({
    code: 'BAD_ELEMENTS',
    what: `The list that "${node.id}" runs over can't be used.`,
    where: node.id,
    found,
    expected,
  });

/** Outputs of the elements that are in the cache. */
export async function findElements(
  deps: Dependencies,
  plan: LoadedPlan,
  node: PlannedNode,
  elements: readonly KeyedElement[],
): Promise<Map<string, Outputs>> {
  const found = new Map<string, Outputs>();
  await inParallel(elements, 32, async ({ id, key }) => {
    const record = await lookUp(deps, plan, node, key);
    if (record !== undefined) found.set(id, record.outputs);
  });
  return found;
}

/** Lists in the order of the elements; what failed is missing there and listed with its reason. */
export async function mapOutputs(
  deps: Dependencies,
  node: PlannedNode,
  elements: readonly KeyedElement[],
  found: ReadonlyMap<string, Outputs>,
  quarantined: readonly Quarantined[],
): Promise<Outputs> {
  const lists = Object.keys(node.outputs).map(async (name) => {
    const list = elements.flatMap(({ id }): Mapped[] => {
      const artifact = found.get(id)?.[name];
      return artifact === undefined ? [] : [{ id, artifact }];
    });
    return [name, await deps.store.putJson(list)] as const;
  });
  const place = new Map(elements.map(({ id }, index) => [id, index]));
  const failed = [...quarantined].sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0));
  return { ...Object.fromEntries(await Promise.all(lists)), quarantined: await deps.store.putJson(failed) };
}

/** Up to this many elements, each has an activity of its own; more are grouped, because an activity costs more than a small element. */
const singles = 64;
/** Elements of one activity, at most: a killed group looks up so many again. */
const groupLimit = 16;

/** Puts the elements that have to be executed into the store, and says into how many activities they are divided. */
export async function planWork(deps: Dependencies, node: PlannedNode, elements: readonly KeyedElement[]): Promise<MapWork> {
  const work: WorkList = { format: 1, node: node.id, elements };
  const size = elements.length <= singles ? 1 : Math.min(groupLimit, Math.ceil(elements.length / singles));
  return { work: await deps.store.putJson(work), elements: elements.length, groups: Math.ceil(elements.length / size) };
}

/** The elements of one group: even shares, one after the other. */
export function elementsOfGroup(list: WorkList, work: MapWork, group: number): readonly KeyedElement[] {
  const size = Math.ceil(work.elements / work.groups);
  return list.elements.slice(group * size, (group + 1) * size);
}

/** A failed element with its reason, cut to a readable length. */
export const quarantine = (id: string, reason: string): Quarantined => ({ id, reason: reason.slice(0, 1000) });
