import { describe, expect, it } from 'vitest';
import { foldSiblings } from '../../../web/report/fold-graph.ts';
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

describe('a graph with many siblings', () => {
  it('is drawn with one box for them', () => {
    const boxes = foldSiblings(fan(1000));
    expect(boxes.map(({ id, label, deps, seconds }) => ({ id, label, deps, seconds }))).toEqual([
      { id: 'start', label: undefined, deps: [], seconds: 1 },
      { id: 'n0', label: '1,000 × work', deps: ['start'], seconds: 1000 },
      { id: 'end', label: undefined, deps: ['n0'], seconds: 1 },
    ]);
  });

  it('shows a failure among them', () => {
    expect(foldSiblings(fan(100, { status: 'failed' }))[1]?.status).toBe('failed');
  });

  it('stays as it is while it can be read', () => {
    const nodes = fan(30);
    expect(foldSiblings(nodes)).toBe(nodes);
  });

  it('keeps nodes apart that read from different ones', () => {
    const chain = Array.from({ length: 100 }, (_, i) => node(`n${i}`, i === 0 ? [] : [`n${i - 1}`]));
    expect(foldSiblings(chain)).toHaveLength(100);
    const longer = [...chain, ...Array.from({ length: 100 }, (_, i) => node(`m${i}`, [i === 0 ? 'n99' : `m${i - 1}`]))];
    expect(renderReport({ ...exampleModel, nodes: longer })).toContain('too large to draw');
  });

  it('still lists every node', () => {
    const rows = readTags(renderReport({ ...exampleModel, nodes: fan(1000) })).filter(
      ({ name, attributes }) => name === 'tr' && attributes.get('id')?.startsWith('node-'),
    );
    expect(rows).toHaveLength(1002);
  });
});
