import type { ReportedNode } from './model.ts';
import { quantity } from './words.ts';

/** A box of the graph: a node, or many under one label. */
export interface DrawnNode extends ReportedNode {
  readonly label?: string;
}

/** Graphs up to this size are drawn box by box. */
const readable = 60;
const smallestFold = 4;

/**
 * A graph with too many boxes becomes readable when siblings share one: nodes with the same task that read from the same nodes and
 * are read by the same. The box has their count for a name, the sum of their times, and their worst outcome. Nodes keep their order.
 */
export function foldSiblings(nodes: readonly ReportedNode[]): readonly DrawnNode[] {
  if (nodes.length <= readable) return nodes;
  const readers = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  for (const { id, deps } of nodes) for (const dep of deps) readers.get(dep)?.push(id);
  const groups = new Map<string, ReportedNode[]>();
  for (const node of nodes) {
    const key = JSON.stringify([node.task, node.kind, [...node.deps].sort(), readers.get(node.id)]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [node]);
    else group.push(node);
  }
  const folds = [...groups.values()].filter((group) => group.length >= smallestFold);
  const boxOf = new Map(folds.flatMap((group) => group.map((node) => [node.id, group[0]?.id ?? node.id] as const)));
  const folded = new Map(folds.map((group) => [group[0]?.id ?? '', fold(group)]));
  return nodes
    .filter(({ id }) => (boxOf.get(id) ?? id) === id)
    .map((node) => {
      const deps = [...new Set(node.deps.map((dep) => boxOf.get(dep) ?? dep))];
      return { ...(folded.get(node.id) ?? node), deps };
    });
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

function fold(group: readonly ReportedNode[]): DrawnNode {
  const [first] = group;
  if (first === undefined) throw new RangeError('a fold has nodes');
  const status = worst.find((one) => group.some((node) => node.status === one)) ?? first.status;
  const seconds = group.reduce((sum, node) => sum + node.seconds, 0);
  const reused = group.filter((node) => node.status === 'done' && node.cache === 'hit').length;
  return {
    ...first,
    status,
    seconds,
    cache: reused === group.length ? 'hit' : 'miss',
    attempts: 1,
    label: `${quantity(group.length)} × ${first.task}`,
    summary: `${quantity(group.length)} nodes from ${first.id} to ${group.at(-1)?.id}${reused > 0 ? `, ${quantity(reused)} reused` : ''}`,
  };
}
