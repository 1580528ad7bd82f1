import type { ReportedNode } from './model.ts';
import { quantity } from './words.ts';

/** A box of the graph: a node, or several of one task. */
export interface DrawnNode extends ReportedNode {
  readonly members?: readonly ReportedNode[];
}

/** Graphs up to this size are drawn node by node, with every line. */
const readable = 24;

export const isLarge = (nodes: readonly ReportedNode[]): boolean => nodes.length > readable;

/**
 * A graph too large to read becomes one of boxes: nodes of one task that are equally far from the end share a box, then those equally far
 * from the beginning; lines that longer ways imply are left out. Small graphs stay as they are. In topological order, as the nodes were.
 */
export function foldGraph(nodes: readonly ReportedNode[]): readonly DrawnNode[] {
  if (!isLarge(nodes)) return nodes;
  const late = fold(nodes, layersFromEnd(nodes));
  return withoutImplied(fold(late, layersFromStart(late)));
}

type Layers = ReadonlyMap<string, number>;

/** Number of the layer by the longest way from the beginning. */
function layersFromStart(nodes: readonly DrawnNode[]): Layers {
  const layers = new Map<string, number>();
  for (const { id, deps } of nodes) layers.set(id, Math.max(0, ...deps.map((dep) => (layers.get(dep) ?? -1) + 1)));
  return layers;
}

/** The same by the longest way to the end, so that what ends together stands together; the last layer is 0, those before are below. */
function layersFromEnd(nodes: readonly DrawnNode[]): Layers {
  const layers = new Map(nodes.map(({ id }) => [id, 0]));
  for (const { id, deps } of nodes.toReversed()) {
    const before = (layers.get(id) ?? 0) - 1;
    for (const dep of deps) layers.set(dep, Math.min(layers.get(dep) ?? 0, before));
  }
  return layers;
}

/** One box for each task of a layer. Lines lead from lower layers to higher ones only, so no circle can come of it. */
function fold(nodes: readonly DrawnNode[], layers: Layers): DrawnNode[] {
  const layerOf = ({ id }: DrawnNode): number => layers.get(id) ?? 0;
  const groups = new Map<string, DrawnNode[]>();
  for (const node of nodes) {
    const key = JSON.stringify([layerOf(node), node.task, node.kind]);
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  const boxes = [...groups.values()].map(merge).sort((a, b) => layerOf(a) - layerOf(b));
  const boxOf = new Map(boxes.flatMap((box) => (box.members ?? [box]).map(({ id }) => [id, box.id] as const)));
  return boxes.map((box) => ({ ...box, deps: [...new Set(box.deps.map((dep) => boxOf.get(dep) ?? dep))] }));
}

const worst: readonly ReportedNode['status'][] = [
  'failed',
  'waiting',
  'running',
  'ready',
  'pending',
  'canceled',
  'blocked',
  'skipped',
  'done',
];

/** Several boxes as one: with the worst outcome, the sum of times, and what any of them reads. */
function merge(group: readonly DrawnNode[]): DrawnNode {
  const [first] = group;
  if (first === undefined) throw new RangeError('a box has nodes');
  if (group.length === 1) return first;
  const members = group.flatMap((node) => node.members ?? [node]);
  const reused = members.filter((node) => node.status === 'done' && node.cache === 'hit').length;
  return {
    ...first,
    deps: group.flatMap(({ deps }) => deps),
    status: worst.find((one) => members.some((node) => node.status === one)) ?? first.status,
    seconds: members.reduce((sum, node) => sum + node.seconds, 0),
    cache: reused === members.length ? 'hit' : 'miss',
    attempts: 1,
    members,
    summary: `${quantity(members.length)} nodes from ${first.id} to ${members.at(-1)?.id}${reused > 0 ? `, ${quantity(reused)} reused` : ''}`,
  };
}

/** Transitive reduction: what a node reads through another one needs no line of its own. */
function withoutImplied(nodes: readonly DrawnNode[]): DrawnNode[] {
  const above = new Map<string, ReadonlySet<string>>();
  for (const { id, deps } of nodes) above.set(id, new Set(deps.flatMap((dep) => [dep, ...(above.get(dep) ?? [])])));
  return nodes.map((node) => ({ ...node, deps: node.deps.filter((dep) => !node.deps.some((other) => above.get(other)?.has(dep))) }));
}
