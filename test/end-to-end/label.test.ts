import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { RunReport } from '../../activities/messages.ts';
import { blindOrder } from '../../cli/label/blind-order.ts';
import { readWav } from '../../datasets/media/wav.ts';
import type { Preference } from '../../models/preference/decide.ts';
import type { Dropped, PreferencePair } from '../../models/preference/pair.ts';
import { CommandLine } from '../cli/support/command-line.ts';
import { nodeOf } from './fixtures/instance.ts';
import { freePort, hasServer } from './fixtures/server.ts';

interface Labelled {
  readonly added: number;
  readonly missing: number;
  readonly approved: boolean;
  readonly pairs: readonly {
    readonly pair: string;
    readonly condition: string;
    readonly a: string;
    readonly b: string;
    readonly votes: object;
  }[];
  readonly agreement: object;
}

describe.runIf(hasServer)('people who label', { timeout: 180_000 }, async () => {
  const folder = join(import.meta.dirname, 'fixtures', 'labelled');
  const sostenuto = new CommandLine({ folder, ports: [await freePort(), await freePort(), await freePort()] });
  afterAll(() => sostenuto.end());
  const table = join(sostenuto.home, 'votes.csv');

  /** Server and workers, until the returned function ends them. */
  async function up(): Promise<() => Promise<void>> {
    const { child, finished } = sostenuto.start('up', '--json');
    await new Promise((ready) => child.stdout?.once('data', ready));
    return async () => {
      child.kill('SIGTERM');
      await finished;
    };
  }
  function output<T>(run: RunReport, node: string, name: string): T {
    const { digest = '' } = nodeOf(run, node).outputs[name] ?? {};
    return JSON.parse(readFileSync(join(sostenuto.home, 'store', 'objects', digest.slice(0, 2), digest.slice(2)), 'utf8'));
  }

  let down = await up();
  const left = await sostenuto.run('run', 'labelled', '--leave-at-gate', '--json');
  const run = left.json<RunReport>();
  const pairs = output<PreferencePair[]>(run, 'pairs', 'pairs');
  /** Keys with which a judge says what they think of each pair, in the order in which they are asked. */
  const keysOf = (judge: string, choice: (pair: PreferencePair) => 'a' | 'b' | 'tie'): string[] =>
    blindOrder(pairs, judge).map(({ pair, sides }) => (choice(pair) === 'tie' ? 't' : choice(pair) === sides[0] ? '1' : '2'));
  const label = ['label', run.workflowId, '--json'] as const;

  test('a run waits at the gate, with its pairs made, and says how to go on', async () => {
    expect(left.code, left.stderr).toBe(4);
    expect(left.stderr).toContain(`sostenuto label ${run.workflowId} --node judgments`);
    expect(run.nodes.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'tones done',
      'pairs done',
      'judgments waiting',
      'preferences pending',
    ]);
    expect(pairs.map(({ condition, a, b, original }) => [condition, a.id, b.id, original?.id])).toEqual(
      [0, 1, 2].map((n) => [`piece-${n}`, `piece-${n}-a`, `piece-${n}-b`, `piece-${n}-teacher`]),
    );
  });

  test('a table with mistakes is refused as a whole, every one with its line', async () => {
    writeFileSync(table, `pair,judge,choice\n${pairs[0]?.id},ada,a\n${pairs[1]?.id},ada,left\nnothing,ada,b\n`);
    const { code, json } = await sostenuto.run(...label, '--csv', table);
    const { error } = json<{ error: { problems: { code: string; where: string }[] } }>();
    expect(error.problems.map((problem) => `${problem.code} ${problem.where}`)).toEqual([
      `BAD_JUDGMENTS ${table}:3`,
      `BAD_JUDGMENTS ${table}:4`,
    ]);
    expect(code).toBe(3);
    expect((await sostenuto.run('sql', '--json', 'SELECT * FROM judgments')).json()).toEqual({ rows: [] });
  });

  test('a person at the terminal hears both sides without knowing which is which; an answer is kept although they quit', async () => {
    const [first = ''] = keysOf('ada', () => 'a');
    const { code, stderr, json } = await sostenuto.type(`${first}q`, ...label, '--judge', 'ada');
    expect(json<Labelled>()).toMatchObject({ added: 1, missing: 3, approved: false });
    expect(code).toBe(4);
    const sounds = [...stderr.matchAll(/^ {2}[12] {2}(\S+\.wav)$/gm)].map(([, path = '']) => path);
    const byPair = new Map(json<Labelled>().pairs.map((pair) => [pair.pair, pair]));
    expect(sounds).toEqual(
      blindOrder(pairs, 'ada')
        .slice(0, 2)
        .flatMap(({ pair, sides }) => sides.map((side) => byPair.get(pair.id)?.[side])),
    );
    expect(readWav(readFileSync(sounds[0] ?? '')).samples).toHaveLength(6000);
    expect(stderr).not.toContain('piece-0-a');
  });

  test('server and workers end and start again: the gate waits, the answer is there, and the next question is asked', async () => {
    await down();
    down = await up();
    expect(nodeOf((await sostenuto.run('status', run.workflowId, '--json')).json(), 'judgments').status).toBe('waiting');
    const { stderr, json, code } = await sostenuto.type(
      keysOf('ada', () => 'a')
        .slice(1)
        .join('\n'),
      ...label,
      '--judge',
      'ada',
    );
    expect(stderr).toContain('ada has judged 1 of 3 pairs before.');
    expect(json<Labelled>()).toMatchObject({ added: 2, missing: 3, approved: false });
    expect(code).toBe(4);
  });

  test('a table gives the other votes; with enough for each pair the gate is approved, and the run ends with what most prefer', async () => {
    const votes = { bob: ['a', 'b', 'tie'], carol: ['a', 'b', 'b'] } as const;
    const rows = Object.entries(votes).flatMap(([judge, choices]) => choices.map((choice, n) => `${pairs[n]?.id},${judge},${choice}`));
    writeFileSync(table, ['pair,judge,choice', ...rows, ''].join('\n'));
    const given = await sostenuto.run(...label, '--csv', table, '--approve', '--judge', 'ada');
    expect(given.json<Labelled>(), given.stderr).toMatchObject({ added: 6, missing: 0, approved: true });
    expect(given.json<Labelled>().pairs.map((pair) => pair.votes)).toEqual([
      { a: 3, b: 0, tie: 0 },
      { a: 1, b: 2, tie: 0 },
      { a: 1, b: 1, tie: 1 },
    ]);
    expect(given.code).toBe(0);

    const done = (await sostenuto.run('status', run.workflowId, '--watch', '--json')).json<RunReport>();
    expect(done.status).toBe('done');
    const preferences = output<Preference[]>(done, 'preferences', 'preferences');
    expect(preferences.map(({ pair, preferred, rejected, judge }) => [pair, preferred.id, rejected.id, judge])).toEqual([
      [pairs[0]?.id, 'piece-0-a', 'piece-0-b', 'ada, bob, carol'],
      [pairs[1]?.id, 'piece-1-b', 'piece-1-a', 'ada, bob, carol'],
    ]);
    expect(output<Dropped[]>(done, 'preferences', 'dropped')).toEqual([
      { id: pairs[2]?.id, reason: 'no majority: 1 for a, 1 for b, 1 for neither' },
    ]);
    expect(output<{ name: string; value: number }[]>(done, 'preferences', 'measures').map(({ name, value }) => [name, value])).toEqual([
      ['preferences', 2],
      ['agreement', 4 / 9],
      ['krippendorff-alpha', expect.closeTo(3 / 23, 12)],
    ]);
  });

  test('asked again with more votes a pair, people go on from what was said before, and say yes themselves', async () => {
    const settings = ['--set', 'preferences.votesPerPair=4', '--leave-at-gate', '--json'];
    const again = (await sostenuto.run('run', 'labelled', ...settings)).json<RunReport>();
    expect(nodeOf(again, 'pairs').cache).toBe('hit');
    const typed = [...keysOf('dora', () => 'b'), 'y'].join('');
    const { json, code, stderr } = await sostenuto.type(typed, 'label', again.workflowId, '--judge', 'dora', '--json');
    expect(json<Labelled>(), stderr).toMatchObject({ added: 3, missing: 0, approved: true });
    expect(code).toBe(0);
    const done = (await sostenuto.run('status', again.workflowId, '--watch', '--json')).json<RunReport>();
    expect(output<Preference[]>(done, 'preferences', 'preferences').map(({ preferred }) => preferred.id)).toEqual([
      'piece-0-a',
      'piece-1-b',
    ]);
    // Nobody waits there any more.
    const late = await sostenuto.run('label', again.workflowId, '--json');
    expect([late.code, late.json<{ error: { code: string } }>().error.code]).toEqual([3, 'NOTHING_TO_LABEL']);
  });

  test.each([
    ['manifest', ['piece-0-a', 'piece-1-a', 'piece-2-a']],
    ['log-mel-distance-to-original', ['piece-0-b', 'piece-1-b', 'piece-2-b']],
  ])('judged by %s, nobody is asked', async (judge, preferred) => {
    const done = await sostenuto.run('run', 'labelled', '--set', `preferences.judge=${judge}`, '--json');
    expect(output<Preference[]>(done.json(), 'preferences', 'preferences').map((one) => one.preferred.id)).toEqual(preferred);
  });

  test('nothing but links to sounds lies in the folder to listen from', () => {
    expect(readdirSync(join(sostenuto.home, 'listen')).every((name) => /^[0-9a-f]{16}\.wav$/.test(name))).toBe(true);
  });
});
