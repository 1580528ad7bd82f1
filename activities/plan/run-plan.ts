import type { Artifact } from '../../engine/define/ports.ts';
import { nearest } from '../../engine/plan/nearest.ts';
import type { Plan, PlannedNode } from '../../engine/plan/plan.ts';
import type { Store } from '../../engine/store/store.ts';
import { type Problem, SostenutoError } from '../../errors/problem.ts';
import type { ScheduledBy } from '../schedule-messages.ts';

/** A checkpoint of another trajectory that a node of this run starts from. */
export interface Adoption {
  readonly node: string;
  readonly trajectory: string;
  readonly step: number;
}

/** A plan and how this run wants it, as it lies in the store. */
export interface RunPlan {
  readonly format: 1;
  readonly plan: Plan;
  /** Nodes that run again; results from before `since` don't count for them. */
  readonly forced: readonly string[];
  readonly since?: string;
  readonly adopt?: Adoption;
  readonly schedule?: ScheduledBy;
}

/** A `RunPlan` with what is asked of it again and again. */
export interface LoadedPlan extends RunPlan {
  readonly ref: Artifact;
  readonly nodes: readonly PlannedNode[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** For each node, the indices of the nodes it reads from. */
  readonly upstream: readonly (readonly number[])[];
  readonly forcedNodes: ReadonlySet<string>;
}

/** Nodes whose outputs a node reads, each once. */
export function upstreamIds(node: PlannedNode): string[] {
  const inputs = [...Object.values(node.inputs), ...(node.over === undefined ? [] : [node.over])];
  return [...new Set(inputs.map((input) => input.node))];
}

const loaded = new Map<string, LoadedPlan>();

/** Reads a stored plan; the last few stay in memory, as every activity of a run asks for the same one. */
export async function loadPlan(store: Store, ref: Artifact): Promise<LoadedPlan> {
  const found = loaded.get(ref.digest);
  if (found !== undefined) return found;
  const plan = indexPlan(await store.readJson<RunPlan>(ref), ref);
  loaded.set(ref.digest, plan);
  for (const digest of loaded.keys()) if (loaded.size > 16) loaded.delete(digest);
  return plan;
}

export function indexPlan(plan: RunPlan, ref: Artifact): LoadedPlan {
  const { nodes } = plan.plan;
  const indexOf = new Map(nodes.map((node, index) => [node.id, index]));
  const upstream = nodes.map((node) => upstreamIds(node).map((id) => indexOf.get(id) ?? -1));
  return { ...plan, ref, nodes, indexOf, upstream, forcedNodes: new Set(plan.forced) };
}

/** @throws SostenutoError `NO_SUCH_NODE` */
export function plannedNode(plan: LoadedPlan, id: string): PlannedNode {
  const node = plan.nodes[plan.indexOf.get(id) ?? -1];
  if (node === undefined) throw new SostenutoError(noSuchNode(id, plan.nodes));
  return node;
}

export function noSuchNode(id: string, nodes: readonly { id: string }[]): Problem {
  const names = nodes.map((node) => node.id);
  const close = nearest(id, names);
  return {
    code: 'NO_SUCH_NODE',
    what: `The pipeline has no node "${id}".`,
    where: 'from',
    found: id,
    expected: `one of ${names.slice(0, 50).join(', ')}${names.length > 50 ? ', …' : ''}`,
    ...(close === undefined ? {} : { hint: `Did you mean "${close}"?` }),
  };
}

/** A node and everything that reads from it, directly or not. `nodes` must be in topological order. */
export function withEverythingBelow(nodes: readonly PlannedNode[], from: string): string[] {
  const below = new Set([from]);
  for (const node of nodes) if (upstreamIds(node).some((id) => below.has(id))) below.add(node.id);
  return [...below];
}
