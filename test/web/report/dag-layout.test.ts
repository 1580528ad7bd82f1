import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GraphNode, type Layout, type LayoutOptions, layoutGraph } from '../../../web/report/dag-layout.ts';
import { exampleModel } from '../example.ts';

const options: LayoutOptions = { along: 138, across: 54, layerGap: 30, boxGap: 16 };

/** Graphs of up to 30 nodes in topological order. */
const graphs = fc
  .array(fc.array(fc.nat({ max: 29 }), { maxLength: 3 }), { minLength: 1, maxLength: 30 })
  .map((rows): GraphNode[] =>
    rows.map((deps, i) => ({ id: `n${i}`, deps: [...new Set(deps.filter((dep) => dep < i))].map((dep) => `n${dep}`) })),
  );

function overlaps({ nodes }: Layout): string[] {
  return nodes.flatMap((a, i) =>
    nodes.slice(i + 1).flatMap((b) => {
      const apart = Math.abs(a.along - b.along) >= options.along || Math.abs(a.across - b.across) >= options.across + options.boxGap - 1e-6;
      return apart ? [] : [`${a.id} and ${b.id}`];
    }),
  );
}

/** Edges that pass through a box other than their two ends. */
function hidden({ nodes, edges }: Layout): string[] {
  return edges.flatMap(({ from, to, points }) =>
    nodes
      .filter(
        ({ id, along, across }) =>
          id !== from &&
          id !== to &&
          points.some(([x, y]) => x > along - 1 && x < along + options.along + 1 && y > across && y < across + options.across),
      )
      .map(({ id }) => `${from} → ${to} through ${id}`),
  );
}

describe('the layout of a graph', () => {
  it('never lets boxes overlap', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        expect(overlaps(layoutGraph(graph, options))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('lets every edge go forward, from box to box', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { nodes, edges } = layoutGraph(graph, options);
        const at = new Map(nodes.map((node) => [node.id, node]));
        expect(edges.map(({ from, to }) => `${from} ${to}`).sort()).toEqual(
          graph.flatMap(({ id, deps }) => deps.map((dep) => `${dep} ${id}`)).sort(),
        );
        for (const { from, to, points } of edges) {
          expect(points[0]?.[0]).toBe((at.get(from)?.along ?? 0) + options.along);
          expect(points.at(-1)?.[0]).toBe(at.get(to)?.along);
          for (const [i, [along]] of points.slice(1).entries()) expect(along).toBeGreaterThan(points[i]?.[0] ?? 0);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('leads edges around boxes, inside the drawing', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const layout = layoutGraph(graph, options);
        expect(hidden(layout)).toEqual([]);
        for (const { along, across } of layout.nodes) {
          expect(Math.min(along, across)).toBeGreaterThanOrEqual(-1e-6);
          expect(along + options.along).toBeLessThanOrEqual(layout.along + 1e-6);
          expect(across + options.across).toBeLessThanOrEqual(layout.across + 1e-6);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('puts a node behind everything it reads, and a source beside its first reader', () => {
    const { nodes } = layoutGraph(exampleModel.nodes, options);
    const layer = (id: string) => nodes.find((node) => node.id === id)?.layer ?? -1;
    expect(layer('evaluation')).toBe(7);
    expect(layer('codec')).toBe(layer('latents') - 1);
  });

  it('finds the order without crossings when there is one', () => {
    const { nodes, edges } = layoutGraph(
      [
        { id: 'a', deps: [] },
        { id: 'b', deps: [] },
        { id: 'x', deps: ['b'] },
        { id: 'y', deps: ['a'] },
      ],
      options,
    );
    const across = (id: string) => nodes.find((node) => node.id === id)?.across ?? 0;
    expect(edges).toHaveLength(2);
    expect(Math.sign(across('a') - across('b'))).toBe(Math.sign(across('y') - across('x')));
  });

  it('is the same every time, and leaves unknown dependencies out', () => {
    expect(layoutGraph(exampleModel.nodes, options)).toEqual(layoutGraph(exampleModel.nodes, options));
    expect(layoutGraph([{ id: 'a', deps: ['gone'] }], options).edges).toEqual([]);
    expect(layoutGraph([], options).nodes).toEqual([]);
  });

  it('the check for overlaps finds one', () => {
    expect(
      overlaps({
        nodes: [
          { id: 'a', layer: 0, along: 0, across: 0 },
          { id: 'b', layer: 0, along: 0, across: 60 },
        ],
        edges: [],
        along: 0,
        across: 0,
      }),
    ).toEqual(['a and b']);
  });
});
