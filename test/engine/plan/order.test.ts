import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkGraph, inOrder } from '../../../engine/plan/graph.ts';
import type { PlannedNode } from '../../../engine/plan/plan.ts';

const planned = (id: string, reads: readonly string[]): PlannedNode => ({
  id,
  kind: 'task',
  task: 'work',
  queue: 'light',
  runs: 'local',
  timeout: '1 hour',
  heartbeatSeconds: 30,
  inputs: Object.fromEntries(reads.map((node, index) => [`in${index}`, { node, output: 'out' }])),
  params: {},
  operational: {},
  endParams: [],
  maxFailures: 0,
  outputs: { out: 'json' },
});
/** A graph without cycles: node i reads from some of the nodes before it. */
const acyclic = fc
  .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 25 })
  .map((reads) => reads.map((sources, index) => planned(`n${index}`, index === 0 ? [] : sources.map((source) => `n${source % index}`))));

describe('the order of a random graph', () => {
  test('puts every node behind what it reads, however the nodes were shuffled', () => {
    const shuffled = acyclic.chain((nodes) => fc.shuffledSubarray(nodes, { minLength: nodes.length, maxLength: nodes.length }));
    fc.assert(
      fc.property(shuffled, (nodes) => {
        expect(checkGraph(nodes)).toEqual([]);
        const ordered = inOrder(nodes);
        expect(new Set(ordered)).toEqual(new Set(nodes));
        const place = new Map(ordered.map(({ id }, index) => [id, index]));
        for (const node of ordered)
          for (const { node: source } of Object.values(node.inputs)) expect(place.get(source)).toBeLessThan(place.get(node.id) ?? -1);
      }),
    );
  });
  test('keeps the order of declaration where that is possible', () => {
    fc.assert(fc.property(acyclic, (nodes) => isDeepStrictEqual(inOrder(nodes), nodes)));
  });
  test('does not exist once an edge leads back, and the cycle that is named is one', () => {
    const chains = fc.integer({ min: 1, max: 12 }).chain((length) => fc.tuple(fc.constant(length), fc.nat(length - 1)));
    fc.assert(
      fc.property(acyclic, chains, (nodes, [length, back]) => {
        const chain = Array.from({ length }, (_, index) =>
          planned(`c${index}`, index === 0 ? [`c${length - 1 - back}`] : [`c${index - 1}`]),
        );
        const problems = checkGraph([...nodes, ...chain]);
        expect(problems.map(({ code }) => code)).toEqual(['CYCLE']);
        const names = problems[0]?.where?.split(' → ') ?? [];
        expect(names[0]).toBe(names.at(-1));
        expect(new Set(names).size).toBe(length - back);
        expect(() => inOrder(chain)).toThrow('cycle');
      }),
    );
  });
});
