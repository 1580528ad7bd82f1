import { expect, test } from 'vitest';
import type { NodeReport } from '../../../activities/messages.ts';
import { snapshotOf } from '../../../cli/display/snapshot.ts';

const node = (more: Partial<NodeReport>): NodeReport => ({
  id: 'a',
  task: 't',
  status: 'running',
  cache: 'miss',
  key: '',
  attempts: 0,
  seconds: 0,
  outputs: {},
  ...more,
});
const shown = (more: Partial<NodeReport>) =>
  snapshotOf({ workflowId: 'w', runId: 'r', pipeline: 'p', status: 'running', seconds: 5, report: null, nodes: [node(more)] }, 20_000)
    .nodes[0];

test('a run began its seconds before the moment of looking', () => {
  const { startedAt, takenAt } = snapshotOf(
    { workflowId: 'w', runId: 'r', pipeline: 'p', status: 'running', seconds: 5, report: null, nodes: [] },
    20_000,
  );
  expect([startedAt, takenAt]).toEqual([15_000, 20_000]);
});

test.each<[string, Partial<NodeReport>, object]>([
  [
    'a training',
    { progress: { node: 'a', step: 5, of: 10, loss: 0.5, checkpoint: 4 }, attempts: 2 },
    { progress: { step: 5, of: 10, loss: 0.5 }, attempt: 2 },
  ],
  ['a map', { progress: { node: 'a', element: 'clip-7', done: 3, elements: 8 } }, { progress: { step: 3, of: 8, element: 'clip-7' } }],
  ['a wait for another run', { progress: { node: 'a', waitsFor: 'host:1 other' } }, { note: 'waits for host:1 other' }],
  ['a heartbeat without steps', { progress: { node: 'a' } }, {}],
  ['a gate that wants judgments', { status: 'waiting', answer: 'json' }, { status: 'waiting', wantsAnswer: true }],
  ['a reused node', { status: 'done', cache: 'hit' }, { status: 'done', cache: 'hit' }],
  ['an error before a note', { status: 'failed', error: 'broken', note: 'old' }, { status: 'failed', note: 'broken' }],
])('%s', (_, given, expected) => {
  expect(shown(given)).toEqual({ id: 'a', status: 'running', ...expected });
});
