import { afterAll, describe, expect, test } from 'vitest';
import { verbs } from '../../cli/verbs.ts';
import { CommandLine } from './support/command-line.ts';

const sostenuto = new CommandLine();
afterAll(() => sostenuto.end());

describe('help', () => {
  test('names every verb with its summary, and the exit codes', async () => {
    const { code, stdout } = await sostenuto.here('--help');
    const text = stdout.replace(/\s+/g, ' ');
    for (const { name, summary } of verbs) expect(text).toContain(`${name} [options] ${summary}`);
    expect(text).toContain('Exit codes: 0 done, 1 failed, 2 bad usage, 3 bad settings, configuration or data, 4 waiting for a person,');
    expect(code).toBe(0);
  });

  test('of a verb has its options and examples', async () => {
    const { code, stdout } = await sostenuto.here('run', '--help');
    expect(stdout).toContain('--from <node>');
    expect(stdout).toContain('sostenuto run video-to-audio --preset tiny');
    expect(code).toBe(0);
  });
});

describe('a slip of the finger', () => {
  test.each([
    [['rnu'], 'Did you mean run?'],
    [['run', 'word-count', '--prest', 'example'], 'Did you mean --preset?'],
    [['worker', '--queues', 'trian'], 'did you mean train?'],
    [['run'], "missing required argument 'pipeline'"],
    [['run', 'word-count', '--set', 'top'], 'path=value'],
    [['cache', 'rm'], 'Nothing says which results to forget'],
  ])('%j is told what was meant, with exit code 2', async (words, hint) => {
    const { code, stderr, stdout } = await sostenuto.here(...words);
    expect(stderr).toContain(hint);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

describe('a wrong request', () => {
  test('is refused before anything is started, with every problem, as data too', async () => {
    const { code, stderr, json } = await sostenuto.here('run', 'word-count', '--set', 'top=0', '--set', 'folda=x', '--json');
    const { error } = json<{ error: { code: string; problems: { code: string; where: string; hint?: string }[] } }>();
    expect(error.problems.map((problem) => [problem.code, problem.where]).sort()).toEqual([
      ['BAD_SETTING', 'top'],
      ['UNKNOWN_SETTING', 'folda'],
    ]);
    expect(stderr).toContain('Did you mean "folder"?');
    expect(code).toBe(3);
  });

  test.each([
    [['plan', 'word-cuont'], 'word-count'],
    [['plan', 'word-count', '--preset', 'exampel'], 'example'],
    [['plan', 'word-count', '--from', 'rankin'], 'ranking'],
    [['explain', 'word-count', 'rankin'], 'ranking'],
  ])('%j names what is allowed, with exit code 3', async (words, allowed) => {
    const { code, stderr } = await sostenuto.here(...words);
    expect(stderr).toContain(allowed);
    expect(code).toBe(3);
  });
});

test('a plan is printed without a server', async () => {
  const { stdout, json } = await sostenuto.here('plan', 'word-count', '--json');
  expect(json<{ nodes: { id: string; kind: string }[] }>().nodes.map(({ id, kind }) => `${id}: ${kind}`)).toEqual([
    'texts: task',
    'counts: map',
    'ranking: task',
  ]);
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
});

describe('without a server', () => {
  test.each([[['approve', 'nothing', 'gate']], [['label', 'nothing']], [['cancel', 'nothing']], [['worker']]])(
    '%j says how to start one, with exit code 5',
    async (words) => {
      const { code, stderr } = await sostenuto.here(...words);
      expect(stderr).toContain('sostenuto up');
      expect(code).toBe(5);
    },
  );

  test('the ledger still answers', async () => {
    const { code, json } = await sostenuto.here('sql', '--json', 'SELECT count(*) AS n FROM runs');
    expect(json()).toEqual({ rows: [{ n: 0 }] });
    expect(code).toBe(0);
  });

  test.each([
    [['status', 'nothing'], 'NO_SUCH_RUN'],
    [['resume', 'nothing'], 'NO_SUCH_RUN'],
    [['report'], 'NO_REPORT'],
    [['sql', 'SELECT nonsense'], 'BAD_QUERY'],
  ])('%j is answered with a reason', async (words, problem) => {
    const { code, stderr } = await sostenuto.here(...words);
    expect(stderr).toContain(problem);
    expect(code).toBe(3);
  });
});

test('an empty store is sound, and nothing in it goes', async () => {
  expect((await sostenuto.here('cache', 'verify')).stdout).toContain('0 damaged; 0 results, 0 incomplete');
  expect((await sostenuto.here('gc', '--json')).json()).toMatchObject({ isDryRun: false, bytes: 0 });
  expect((await sostenuto.here('checkpoints', 'ls', '--json')).json()).toEqual({ checkpoints: [] });
});
