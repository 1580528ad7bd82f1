import { describe, expect, test } from 'vitest';
import type { Advance, CompactNode, NodeOutcome, Profile } from '../../activities/messages.ts';
import { Board, firstNews } from '../../workflows/board.ts';
import { detailsTable } from '../../workflows/details.ts';

const profile: Profile = {
  task: 'step',
  kind: 'task',
  queue: 'light',
  runs: 'worker',
  timeout: '1 hour',
  heartbeatSeconds: 30,
  maxFailures: 0,
};
const profiles: Profile[] = [
  profile,
  { ...profile, task: 'quick', runs: 'local' },
  { ...profile, task: 'gate', kind: 'gate', runs: 'local' },
  { ...profile, task: 'many', kind: 'map' },
];
const [work, light, gate] = [0, 1, 2];
const node = (id: string, d: number[] = [], p = work): CompactNode => ({ id, p, d });
const outcome = (cache: 'hit' | 'miss'): NodeOutcome => ({ key: 'k', outputs: {}, cache, seconds: 1, attempts: 1 });
const answer = (change: Partial<Advance>): Advance => ({
  state: { form: 'json', digest: '', bytes: 0 },
  hits: [],
  ran: [],
  failed: [],
  ready: [],
  gates: [],
  more: false,
  ...change,
});
const board = (...nodes: CompactNode[]): Board => {
  const made = new Board(nodes, profiles);
  made.wantsAdvance = false;
  return made;
};
const statuses = (of: Board): string[] => of.nodes.map(({ status }) => status);

describe('what starts when', () => {
  test('a node below one that was executed starts at once', () => {
    const b = board(node('a'), node('b', [0]), node('c', [1]));
    b.finish(0, outcome('miss'));
    expect(statuses(b)).toEqual(['done', 'ready', 'pending']);
    expect(b.wantsAdvance).toBe(false);
  });

  test('a node below a hit is looked up first', () => {
    const b = board(node('a'), node('b', [0]));
    b.finish(0, outcome('hit'));
    expect(statuses(b)).toEqual(['done', 'pending']);
    expect(b.wantsAdvance).toBe(true);
  });

  test('many nodes that become ready together are looked up in one batch', () => {
    const b = board(node('a'), ...Array.from({ length: 5 }, (_, i) => node(`b${i}`, [0])));
    b.finish(0, outcome('miss'));
    expect(b.wantsAdvance).toBe(true);
  });

  test.each([
    ['light', light],
    ['gate', gate],
    ['map', 3],
  ])('a %s node needs a look first', (_, p) => {
    const b = board(node('a'), node('b', [0], p));
    b.finish(0, outcome('miss'));
    expect(statuses(b)).toEqual(['done', 'pending']);
    expect(b.wantsAdvance).toBe(true);
  });

  test('a node waits for all that it reads', () => {
    const b = board(node('a'), node('b'), node('c', [0, 1]));
    b.finish(0, outcome('miss'));
    expect(statuses(b)).toEqual(['done', 'pending', 'pending']);
    b.finish(1, outcome('miss'));
    expect(statuses(b)).toEqual(['done', 'done', 'ready']);
  });

  test('after many outcomes the state takes them over', () => {
    const b = board(...Array.from({ length: 30 }, (_, i) => node(`n${i}`, i === 0 ? [] : [i - 1])));
    for (let i = 0; i < 24; i++) b.finish(i, outcome('miss'));
    expect(b.wantsAdvance).toBe(false);
    b.finish(24, outcome('miss'));
    expect(b.wantsAdvance).toBe(true);
    b.absorb(answer({ ready: [{ n: 25 }] }), 25);
    expect([b.news.length, b.fresh.size, b.at(25).status]).toEqual([0, 0, 'ready']);
  });

  test('news that come while the state takes others over are kept', () => {
    const b = board(node('a'), node('b'));
    b.finish(0, outcome('miss'));
    const told = b.news.length;
    b.finish(1, outcome('miss'));
    b.absorb(answer({}), told);
    expect(b.news).toEqual([{ node: 'b', outcome: outcome('miss') }]);
    expect([...b.fresh.keys()]).toEqual([1]);
  });
});

describe('what ends how', () => {
  test('a failure blocks what is below it and leaves the rest alone', () => {
    const b = board(node('a'), node('b', [0]), node('c', [1]), node('d'));
    b.fail(0, 'broken', 1);
    expect(b.finalStatuses()).toEqual(['failed', 'blocked', 'blocked', 'pending']);
  });

  test('what reads a skipped node is skipped, unless a failure blocks it', () => {
    const b = board(node('a'), node('b'), node('c', [0]), node('d', [2, 1]));
    b.skip(0, 'not needed');
    expect(b.finalStatuses()).toEqual(['skipped', 'pending', 'skipped', 'skipped']);
    b.fail(1, 'broken', 1);
    expect(b.finalStatuses()).toEqual(['skipped', 'failed', 'skipped', 'blocked']);
  });

  test('a failed node that is tried again opens what it held up', () => {
    const b = board(node('a'), node('b', [0]));
    b.fail(0, 'broken', 1);
    b.retry(0);
    expect(b.finalStatuses()).toEqual(['pending', 'pending']);
    expect(b.isSettled).toBe(false);
    expect(b.news).toEqual([
      { node: 'a', failed: 'broken', attempts: 1 },
      { node: 'a', retry: true },
    ]);
  });

  test('a gate keeps the run open until it is decided', () => {
    const b = board(node('g', [], gate));
    b.absorb(answer({ gates: [0] }), 0);
    expect([b.at(0).status, b.isSettled]).toEqual(['waiting', false]);
    b.decide(0, { decision: { approved: true, by: 'Ada', note: '' } });
    b.wantsAdvance = false;
    b.absorb(answer({ ran: [0] }), 1);
    expect([b.at(0).status, b.isSettled]).toEqual(['done', true]);
  });

  test('statuses of a deep graph cost one pass', () => {
    const deep = Array.from({ length: 2000 }, (_, i) => node(`n${i}`, i < 2 ? [] : [i - 1, i - 2]));
    const b = board(...deep);
    b.fail(0, 'broken', 1);
    expect(b.finalStatuses()[1999]).toBe('blocked');
  });
});

test('one payload takes as many news as fit, and at least one', () => {
  const news = Array.from({ length: 10 }, (_, i) => ({ node: `n${i}`, failed: 'x'.repeat(1000), attempts: 1 }));
  expect(firstNews(news, 3500)).toHaveLength(3);
  expect(firstNews(news, 10)).toHaveLength(1);
  expect(firstNews(news)).toHaveLength(10);
});

test("the live table shows what needs eyes first and stays below the server's limit", () => {
  const b = board(...Array.from({ length: 1000 }, (_, i) => node(`node-with-a-rather-long-name-${i}`)));
  b.fail(999, `broken | because ${'x'.repeat(500)}`, 1);
  const table = detailsTable(b, true);
  expect(table.split('\n')[0]).toContain('1000 nodes');
  expect(table.split('\n')[4]).toContain('✗ failed');
  expect(table).toContain('\\|');
  expect(table.length).toBeLessThan(20_000);
});
