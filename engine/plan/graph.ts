import type { Problem } from '../../errors/problem.ts';
import { nearest } from './nearest.ts';
import type { PlannedInput, PlannedNode } from './plan.ts';

/** Everything wrong with a graph: names, duplicate ids, inputs that nothing makes, cycles. */
export function checkGraph(nodes: readonly PlannedNode[]): Problem[] {
  return [...checkNames(nodes), ...checkEdges(nodes), ...findCycles(nodes)];
}

/** Edges of a node, with the list a map runs over. */
export function edges(node: PlannedNode): [string, PlannedInput][] {
  const inputs = Object.entries(node.inputs);
  return node.over === undefined ? inputs : [['over', node.over], ...inputs];
}

/** Output names as other nodes see them. */
export const visibleOutputs = (node: PlannedNode): string[] => [
  ...Object.keys(node.outputs),
  ...(node.kind === 'map' ? ['quarantined'] : []),
];

/** The nodes so that each stands after those it reads from; otherwise in the order they were declared. Needs a graph without cycles. */
export function inOrder(nodes: readonly PlannedNode[]): PlannedNode[] {
  const ordered: PlannedNode[] = [];
  const left = untangle(nodes, (node) => ordered.push(node));
  if (left.length > 0) throw new Error('The graph has a cycle.');
  return ordered;
}

/** Takes nodes whose inputs are all taken, as long as there are any; returns those that are left. */
function untangle(nodes: readonly PlannedNode[], take: (node: PlannedNode) => void): PlannedNode[] {
  const known = new Set(nodes.map(({ id }) => id));
  const readers = new Map<string, number[]>();
  const missing = nodes.map((node, index) => {
    const sources = new Set(edges(node).map(([, source]) => source.node));
    for (const source of sources) readers.set(source, [...(readers.get(source) ?? []), index]);
    return [...sources].filter((source) => known.has(source)).length;
  });
  const taken = new Set<number>();
  const ready = nodes.map((_, index) => index).filter((index) => missing[index] === 0);
  for (let index = ready.shift(); index !== undefined; index = ready.shift()) {
    const node = nodes[index];
    if (node === undefined || taken.has(index)) continue;
    taken.add(index);
    take(node);
    const freed = (readers.get(node.id) ?? []).filter((reader) => {
      missing[reader] = (missing[reader] ?? 0) - 1;
      return missing[reader] === 0;
    });
    insertSorted(ready, freed);
  }
  return nodes.filter((_, index) => !taken.has(index));
}

function insertSorted(ready: number[], more: readonly number[]): void {
  for (const index of more) {
    const at = ready.findIndex((other) => other > index);
    ready.splice(at === -1 ? ready.length : at, 0, index);
  }
}

function checkNames(nodes: readonly PlannedNode[]): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const { id, task, outputs, inputs, timeout, heartbeatSeconds, maxFailures } of nodes) {
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id) || id.length > 100)
      problems.push(badName(id, `node "${id}"`, 'kebab-case: small letters, digits and "-", beginning with a letter'));
    if (!/^[a-z][A-Za-z0-9]*$/.test(task))
      problems.push(badName(task, `task of node "${id}"`, 'camelCase: letters and digits, beginning with a small letter'));
    for (const name of [...Object.keys(outputs), ...(task === 'gate' ? [] : Object.keys(inputs))]) {
      if (!/^[a-zA-Z_]\w*$/.test(name)) problems.push(badName(name, `node "${id}"`, 'letters, digits and "_"'));
    }
    if (seen.has(id))
      problems.push({
        code: 'DUPLICATE_NODE',
        what: `Two nodes are named "${id}".`,
        where: id,
        expected: 'a name of its own for each node',
      });
    seen.add(id);
    if (!isDuration(timeout))
      problems.push({
        code: 'BAD_OPTION',
        what: `The timeout of node "${id}" cannot be read.`,
        where: `${id}.timeout`,
        found: timeout,
        expected: 'a length such as "90 seconds" or "2 days"',
      });
    if (!(heartbeatSeconds > 0))
      problems.push({
        code: 'BAD_OPTION',
        what: `Node "${id}" needs a heartbeat.`,
        where: `${id}.heartbeatSeconds`,
        found: String(heartbeatSeconds),
        expected: 'more than 0',
      });
    if (!Number.isInteger(maxFailures) || maxFailures < 0)
      problems.push({
        code: 'BAD_OPTION',
        what: `Node "${id}" has no sensible limit of failures.`,
        where: `${id}.maxFailures`,
        found: String(maxFailures),
        expected: 'a whole number from 0',
      });
  }
  return problems;
}

const isDuration = (text: string): boolean =>
  /^\d+(\.\d+)?\s*(ms|milliseconds?|s|sec|secs|seconds?|m|min|mins|minutes?|h|hrs?|hours?|d|days?|w|weeks?)$/.test(text);

const badName = (name: string, where: string, expected: string): Problem => ({
  code: 'BAD_NAME',
  what: `"${name}" cannot be used as a name.`,
  where,
  expected,
});

function checkEdges(nodes: readonly PlannedNode[]): Problem[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return nodes.flatMap((node) =>
    edges(node).flatMap(([input, source]): Problem[] => {
      const upstream = byId.get(source.node);
      const where = `${node.id}.${input}`;
      if (upstream === undefined) {
        const hint = nearest(source.node, byId.keys());
        const what = `Node "${node.id}" reads from a node that does not exist.`;
        return [
          {
            code: 'UNKNOWN_INPUT',
            what,
            where,
            found: `${source.node}.${source.output}`,
            expected: 'an output of a node of this pipeline',
            ...(hint === undefined ? {} : { hint: `Did you mean "${hint}"?` }),
          },
        ];
      }
      const outputs = visibleOutputs(upstream);
      if (outputs.includes(source.output)) return [];
      const what = `Node "${node.id}" reads an output that "${source.node}" does not have.`;
      return [{ code: 'UNKNOWN_INPUT', what, where, found: `${source.node}.${source.output}`, expected: outputs.join(', ') }];
    }),
  );
}

/** One problem for each cycle found, naming its nodes in the order of the data. */
function findCycles(nodes: readonly PlannedNode[]): Problem[] {
  const left = new Map(untangle(nodes, () => {}).map((node) => [node.id, node]));
  const problems: Problem[] = [];
  const done = new Set<string>();
  for (const start of left.keys()) {
    const way: string[] = [];
    // Walking upstream from a node that is left must come back to a node of the walk, or to one that was reported.
    for (let id: string | undefined = start; id !== undefined && !done.has(id); ) {
      if (way.includes(id)) {
        const cycle = [id, ...way.slice(way.indexOf(id)).reverse()];
        problems.push({ code: 'CYCLE', what: 'Nodes wait for each other.', where: cycle.join(' → '), expected: 'a graph without cycles' });
        break;
      }
      way.push(id);
      const node = left.get(id);
      id = node && edges(node).find(([, source]) => left.has(source.node))?.[1].node;
    }
    for (const id of way) done.add(id);
  }
  return problems;
}
