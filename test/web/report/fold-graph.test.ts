import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldGraph } from '../../../web/report/fold-graph.ts';
import type { ReportedNode } from '../../../web/report/model.ts';
import { renderReport } from '../../../web/report/page.ts';
import { exampleModel } from '../example.ts';
import { readTags } from '../tags.ts';

const node = (id: string, deps: readonly string[], rest: Partial<ReportedNode> = {}): ReportedNode => ({
  id,
  task: 'work',
  kind: 'task',
  status: 'done',
  cache: 'miss',
  key: '',
  attempts: 1,
  seconds: 1,
  deps,
  queue: 'cpu',
  ...rest,
});
const fan = (width: number, rest: Partial<ReportedNode> = {}): ReportedNode[] => {
  const middle = Array.from({ length: width }, (_, i) => node(`n${i}`, ['start'], i === 3 ? rest : {}));
  return [
    node('start', [], { task: 'begin' }),
    ...middle,
    node(
      'end',
      middle.map(({ id }) => id),
      { task: 'join' },
    ),
  ];
};

const folded = (nodes: readonly ReportedNode[]) =>
  foldGraph(nodes).map(({ id, members = [], deps }) => [id, members.map((one) => one.id), [...deps].sort()] as const);

/** Arms that leave a chain of trainings at different places, and end together. */
const arms = (count: number): ReportedNode[] => [
  node('data', [], { task: 'read' }),
  ...Array.from({ length: count }, (_, i) => [
    node(`train-${i}`, ['data', ...(i === 0 ? [] : [`train-${i - 1}`])], { task: 'train' }),
    node(`arm${i}-samples`, ['data', `train-${i}`], { task: 'sample' }),
    node(`arm${i}-evaluation`, [`arm${i}-samples`, 'data'], { task: 'evaluate' }),
  ]).flat(),
  node(
    'comparison',
    Array.from({ length: count }, (_, i) => `arm${i}-evaluation`),
    { task: 'compare' },
  ),
];

describe('a large graph', () => {
  it('is drawn with one box for nodes of one task that stand equally far from the end', () => {
    const names = (suffix: string) => Array.from({ length: 8 }, (_, i) => `arm${i}-${suffix}`);
    const boxes = folded(arms(8));
    expect(boxes.map(([id]) => id)).toEqual([
      'data',
      ...Array.from({ length: 8 }, (_, i) => `train-${i}`),
      'arm0-samples',
      'arm0-evaluation',
      'comparison',
    ]);
    expect(boxes.find(([id]) => id === 'arm0-samples')?.[1]).toEqual(names('samples'));
    expect(boxes.find(([id]) => id === 'arm0-evaluation')?.[1]).toEqual(names('evaluation'));
  });

  it('leaves out lines that longer ways imply, and no other', () => {
    const boxes = new Map(folded(arms(8)).map(([id, , deps]) => [id, deps]));
    expect(boxes.get('train-0')).toEqual(['data']);
    expect(boxes.get('train-3')).toEqual(['train-2']);
    expect(boxes.get('arm0-samples')).toEqual(['train-7']);
    expect(boxes.get('comparison')).toEqual(['arm0-evaluation']);
  });

  it('has no circles, loses no node and keeps every way, whatever it looks like', () => {
    const tasks = ['a', 'b', 'c'];
    const graphs = fc
      .array(fc.record({ deps: fc.array(fc.nat({ max: 59 }), { maxLength: 3 }), task: fc.constantFrom(...tasks) }), {
        minLength: 25,
        maxLength: 60,
      })
      .map((rows) =>
        rows.map(({ deps, task }, i) =>
          node(
            `n${i}`,
            [...new Set(deps.filter((dep) => dep < i))].map((dep) => `n${dep}`),
            { task },
          ),
        ),
      );
    fc.assert(
      fc.property(graphs, (graph) => {
        const boxes = foldGraph(graph);
        const boxOf = new Map(boxes.flatMap((box) => (box.members ?? [box]).map(({ id }) => [id, box.id] as const)));
        expect([...boxOf.keys()].sort()).toEqual(graph.map(({ id }) => id).sort());
        const above = new Map<string, Set<string>>();
        for (const { id, deps } of boxes) {
          for (const dep of deps) expect(above.has(dep)).toBe(true);
          above.set(id, new Set(deps.flatMap((dep) => [dep, ...(above.get(dep) ?? [])])));
        }
        for (const { id, deps } of graph)
          for (const dep of deps) expect(above.get(boxOf.get(id) ?? '')?.has(boxOf.get(dep) ?? '')).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('names a box by what its nodes share, and lists them, each with its outcome and a link to its row', () => {
    const nodes = arms(8).map((one) => (one.id === 'arm3-samples' ? { ...one, status: 'failed' as const } : one));
    const tags = readTags(renderReport({ ...exampleModel, nodes }));
    const names = tags.filter(({ name, attributes }) => name === 'text' && attributes.get('class') === 'name').map(({ text }) => text);
    expect(names).toEqual(expect.arrayContaining(['8 × …-samples', '8 × …-evaluation']));
    const lines = tags.filter(({ name, attributes }) => name === 'a' && attributes.get('class')?.startsWith('member '));
    expect(lines.find(({ attributes }) => attributes.get('href') === '#node-arm3-samples')?.attributes.get('class')).toBe('member failed');
    expect(new Set(lines.map(({ attributes }) => attributes.get('href'))).size).toBe(16);
  });

  it('counts the nodes of a box that would be too long, and shows a failure among them', () => {
    const boxes = foldGraph(fan(1000, { status: 'failed' }));
    expect(boxes.map(({ id, status, members = [] }) => [id, status, members.length])).toEqual([
      ['start', 'done', 0],
      ['n0', 'failed', 1000],
      ['end', 'done', 0],
    ]);
    expect(renderReport({ ...exampleModel, nodes: fan(1000) })).toContain('1,000 × work');
  });

  it('that cannot be made smaller is not drawn', () => {
    const chain = Array.from({ length: 200 }, (_, i) => node(`n${i}`, i === 0 ? [] : [`n${i - 1}`]));
    expect(foldGraph(chain)).toHaveLength(200);
    expect(renderReport({ ...exampleModel, nodes: chain })).toContain('too large to draw');
  });

  it('is listed whole below', () => {
    const rows = readTags(renderReport({ ...exampleModel, nodes: fan(1000) })).filter(
      ({ name, attributes }) => name === 'tr' && attributes.get('id')?.startsWith('node-'),
    );
    expect(rows).toHaveLength(1002);
  });
});

it('a small graph stays as it is', () => {
  const nodes = fan(20);
  expect(foldGraph(nodes)).toBe(nodes);
});
