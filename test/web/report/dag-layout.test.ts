import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageCuts } from '../../../web/report/dag-drawing.ts';
import { type GraphNode, type Layout, type LayoutOptions, layoutGraph } from '../../../web/report/dag-layout.ts';
import { exampleModel } from '../example.ts';

/** Boxes of several sizes, both ways. */
const sizeOf = (id: string) => ({ along: 138 + 20 * (Number(id.slice(1)) % 3 || 0), across: 54 + 17 * (Number(id.slice(1)) % 5 || 0) });
const options: LayoutOptions = { sizeOf, layerGap: 30, boxGap: 16 };

/** Graphs of up to 30 nodes in topological order. */
const graphs = fc
  .array(fc.array(fc.nat({ max: 29 }), { maxLength: 3 }), { minLength: 1, maxLength: 30 })
  .map((rows): GraphNode[] =>
    rows.map((deps, i) => ({ id: `n${i}`, deps: [...new Set(deps.filter((dep) => dep < i))].map((dep) => `n${dep}`) })),
  );

function overlaps({ nodes }: Layout): string[] {
  return nodes.flatMap((a, i) =>
    nodes.slice(i + 1).flatMap((b) => {
      const [left, right] = a.across <= b.across ? [a, b] : [b, a];
      const apart = a.layer !== b.layer || right.across - left.across >= left.size.across + options.boxGap - 1e-6;
      return apart ? [] : [`${a.id} and ${b.id}`];
    }),
  );
}

/** Edges that pass through a box other than their two ends. */
function hidden({ nodes, edges }: Layout): string[] {
  return edges.flatMap(({ from, to, points }) =>
    nodes
      .filter(
        ({ id, along, across, size }) =>
          id !== from &&
          id !== to &&
          points.some(([x, y]) => x > along - 1 && x < along + size.along + 1 && y > across && y < across + size.across),
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
          expect(points[0]?.[0]).toBe((at.get(from)?.along ?? 0) + sizeOf(from).along);
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
        for (const { along, across, size } of layout.nodes) {
          expect(Math.min(along, across)).toBeGreaterThanOrEqual(-1e-6);
          expect(along + size.along).toBeLessThanOrEqual(layout.along + 1e-6);
          expect(across + size.across).toBeLessThanOrEqual(layout.across + 1e-6);
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

  it('is cut into pages between layers, each no higher than asked for', () => {
    const chain = Array.from({ length: 20 }, (_, i) => ({ id: `n${3 * i}`, deps: i === 0 ? [] : [`n${3 * i - 3}`] }));
    const layout = layoutGraph(chain, options);
    const cuts = pageCuts(layout, 1000);
    expect([cuts[0], cuts.at(-1)]).toEqual([-8, layout.along + 8]);
    expect(cuts).toHaveLength(5);
    for (const [i, cut] of cuts.slice(1).entries()) expect(cut - (cuts[i] ?? 0)).toBeLessThanOrEqual(1000);
    for (const cut of cuts.slice(1, -1))
      for (const { along, size } of layout.nodes) expect(cut > along && cut < along + size.along).toBe(false);
  });

  it('the check for overlaps finds one', () => {
    expect(
      overlaps({
        nodes: [
          { id: 'a', layer: 0, size: sizeOf('a'), along: 0, across: 0 },
          { id: 'b', layer: 0, size: sizeOf('b'), along: 0, across: 60 },
        ],
        edges: [],
        along: 0,
        across: 0,
      }),
    ).toEqual(['a and b']);
  });
});
