import { expect, test } from 'vitest';
import { tablesOf } from '../../../cli/session/comparison-page.ts';

const run = { run: 'a/1', workflowId: 'a', pipeline: 'p', preset: '', status: 'done', startedAt: '', seconds: 1 };

test('measures of two runs stand side by side with their intervals, where they have one', () => {
  const measures = [
    {
      node: 'arm',
      name: 'f1',
      better: 'higher',
      values: [0.5, 0.75],
      intervals: [{ low: 0.41234, high: 0.6 }, null],
      difference: 0.25,
      verdict: 'better',
    },
    { node: 'arm', name: 'recall', values: [1, 1], intervals: [null, null], difference: 0, verdict: 'same' },
  ] as const;
  const [table] = tablesOf({ runs: [run, run], settings: [], nodes: [], code: [], measures });
  expect(table?.title).toBe('Measures that differ; 1 are the same in both');
  expect(table?.columns).toEqual(['node', 'measure', 'first', '95 %', 'second', '95 %', 'difference', 'second is']);
  expect(table?.rows).toEqual([['arm', 'f1', 0.5, '0.412 … 0.6', 0.75, null, 0.25, 'better']]);
});

test('nodes that both runs share are counted, and nothing is said of runs that are the same', () => {
  const nodes = [
    { node: 'a', standing: 'shared', outcomes: ['ran', 'reused'] },
    { node: 'b', standing: 'only second', outcomes: ['none', 'ran'] },
  ] as const;
  const [table] = tablesOf({ runs: [run, run], settings: [], nodes, code: [], measures: [] });
  expect(table?.title).toBe('Nodes that differ; 1 are shared: one result for both');
  expect(table?.rows).toEqual([['b', 'only second', 'none', 'ran']]);
  expect(tablesOf({ runs: [run, run], settings: [], nodes: nodes.slice(0, 1), code: [], measures: [] })).toEqual([]);
});
