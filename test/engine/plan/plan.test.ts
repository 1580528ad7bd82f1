import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Builder, definePipeline, type Ref } from '../../../engine/define/pipeline.ts';
import { file, json, tree, type } from '../../../engine/define/ports.ts';
import { defineTask } from '../../../engine/define/task.ts';
import { planPipeline } from '../../../engine/plan/plan.ts';
import { SostenutoError } from '../../../errors/problem.ts';

const implementation = { url: 'file:///project/tasks.ts', export: 'run' };
const list = defineTask({
  name: 'list',
  inputs: {},
  outputs: { items: json<readonly { id: string }[]>() },
  params: type<{ count: number }>(),
  implementation,
});
const embed = defineTask({
  name: 'embed',
  inputs: {},
  outputs: { rows: file('rows') },
  item: type<{ id: string }>(),
  queue: 'cpu',
  implementation,
});
const train = defineTask({
  name: 'train',
  inputs: { rows: json<readonly { id: string }[]>() },
  outputs: { model: tree('model') },
  params: type<{ steps: number; rate: number }>(),
  endParams: ['steps'],
  queue: 'train',
  runs: 'process',
  timeout: '2 days',
  implementation,
});
const inline = defineTask({
  name: 'inlined',
  inputs: { model: tree('model') },
  outputs: { score: json<number>() },
  module: import.meta.url,
  run: async () => ({ score: 1 }),
});

const settings = z.strictObject({
  count: z.int().min(1),
  training: z.strictObject({
    steps: z.int().min(1).multipleOf(2),
    rate: z.number().positive(),
    kind: z.enum(['a', 'b']),
    names: z.array(z.string()),
  }),
});
const small = { count: 2, training: { steps: 10, rate: 0.1, kind: 'a', names: ['x', 'y'] } };
type Settings = z.infer<typeof settings>;
const wired = (build: (builder: Builder, settings: Settings) => void) =>
  definePipeline({ name: 'example', description: 'An example', settings, presets: { small, large: { ...small, count: 200 } }, build });
const whole = wired(({ node, each, gate }, { count, training: { steps, rate } }) => {
  const { items } = node('list', list, { inputs: {}, params: { count } });
  const { rows } = each('embed', embed, items, { inputs: {}, params: {} }, { maxFailures: 3 });
  const { model } = node('train', train, { inputs: { rows }, params: { steps, rate } }, { operational: { threads: 2 } });
  const { score } = node('score', inline, { inputs: { model }, params: {} });
  gate('approve', 'Is it good enough?', [score]);
});

/** Problems of a call that must be refused. */
function problemsOf(
  call: () => unknown,
): { code: string; where: string | undefined; found: string | undefined; expected: string | undefined; hint: string | undefined }[] {
  try {
    call();
  } catch (error) {
    if (error instanceof SostenutoError)
      return error.problems.map(({ code, where, found, expected, hint }) => ({ code, where, found, expected, hint }));
    throw error;
  }
  throw new Error('it was not refused');
}

describe('a plan', () => {
  test('is plain data with everything filled in', () => {
    const plan = planPipeline(whole);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    expect(plan).toMatchObject({ format: 1, pipeline: 'example', preset: 'small', settings: small, code: {} });
    expect(plan.nodes.map(({ id, kind }) => [id, kind])).toEqual([
      ['list', 'task'],
      ['embed', 'map'],
      ['train', 'task'],
      ['score', 'task'],
      ['approve', 'gate'],
    ]);
    expect(plan.nodes[1]).toMatchObject({
      over: { node: 'list', output: 'items' },
      maxFailures: 3,
      outputs: { rows: 'file' },
      queue: 'cpu',
      runs: 'worker',
    });
    expect(plan.nodes[2]).toEqual({
      id: 'train',
      kind: 'task',
      task: 'train',
      queue: 'train',
      runs: 'process',
      timeout: '2 days',
      heartbeatSeconds: 30,
      inputs: { rows: { node: 'embed', output: 'rows' } },
      params: { steps: 10, rate: 0.1 },
      operational: { threads: 2 },
      endParams: ['steps'],
      maxFailures: 0,
      outputs: { model: 'tree' },
      code: { ...implementation, inline: false },
    });
    expect(plan.nodes[3]?.code).toEqual({ url: import.meta.url, export: 'inlined', inline: true });
    expect(plan.nodes[4]).toMatchObject({
      inputs: { 'score.score': { node: 'score', output: 'score' } },
      question: 'Is it good enough?',
      outputs: { decision: 'json' },
    });
  });
  test('starts from the preset, and settings go deeply over it', () => {
    expect(planPipeline(whole, { preset: 'large', settings: { training: { rate: 0.5, names: ['z'] } } }).settings).toEqual({
      count: 200,
      training: { steps: 10, rate: 0.5, kind: 'a', names: ['z'] },
    });
  });
});

describe('settings are refused, all mistakes at once:', () => {
  test('with path, value, what is allowed, and the nearest name', () => {
    const problems = problemsOf(() =>
      planPipeline(whole, { preset: 'smal', settings: { count: 'many', training: { steps: 3, rat: 1, kind: 'c', names: [1] } } }),
    );
    expect(problems).toEqual([
      { code: 'UNKNOWN_PRESET', where: 'preset', found: 'smal', expected: 'small, large', hint: 'Did you mean "small"?' },
      {
        code: 'UNKNOWN_SETTING',
        where: 'training.rat',
        found: '1',
        expected: 'steps, rate, kind, names',
        hint: 'Did you mean "training.rate"?',
      },
      { code: 'BAD_SETTING', where: 'count', found: '"many"', expected: 'a whole number ≥ 1', hint: undefined },
      { code: 'BAD_SETTING', where: 'training.steps', found: '3', expected: 'a whole number ≥ 1, a multiple of 2', hint: undefined },
      { code: 'BAD_SETTING', where: 'training.kind', found: '"c"', expected: '"a" or "b"', hint: undefined },
      { code: 'BAD_SETTING', where: 'training.names[0]', found: '1', expected: 'text', hint: undefined },
    ]);
  });
  test('also unknown fields that the schema would drop', () => {
    const lenient = definePipeline({
      name: 'lenient',
      description: '',
      settings: z.object({ a: z.object({ b: z.number().default(1) }).prefault({}) }),
      presets: {},
      build: () => {},
    });
    expect(problemsOf(() => planPipeline(lenient, { settings: { a: { c: 1 } } }))).toMatchObject([
      { code: 'UNKNOWN_SETTING', where: 'a.c' },
    ]);
    expect(planPipeline(lenient).settings).toEqual({ a: { b: 1 } });
  });
  test.each([['text'], [[1]], [5]])('and settings that are %j', (given) => {
    expect(problemsOf(() => planPipeline(whole, { settings: given }))).toMatchObject([{ code: 'BAD_SETTING', where: 'settings' }]);
  });
  test('and a field named __proto__ changes nobody', () => {
    problemsOf(() => planPipeline(whole, { settings: JSON.parse('{"__proto__": {"polluted": true}}') }));
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

describe('a graph is refused, all mistakes at once:', () => {
  const forged = (node: string, output: string): Ref<ReturnType<typeof json<readonly { id: string }[]>>> => ({
    node,
    output,
    port: json(),
  });
  const params = { steps: 1, rate: 1 };

  test('names, duplicates, unknown nodes and outputs', () => {
    const problems = problemsOf(() =>
      planPipeline(
        wired(({ node }) => {
          node('UPPER', list, { inputs: {}, params: { count: 1 } });
          node('list', list, { inputs: {}, params: { count: 1 } }, { timeout: 'soon' });
          node('list', list, { inputs: {}, params: { count: 1 } });
          node('train', train, { inputs: { rows: forged('lists', 'items') }, params });
          node('again', train, { inputs: { rows: forged('list', 'rows') }, params });
        }),
      ),
    );
    expect(problems.map(({ code, where }) => [code, where])).toEqual([
      ['BAD_NAME', 'node "UPPER"'],
      ['BAD_OPTION', 'list.timeout'],
      ['DUPLICATE_NODE', 'list'],
      ['UNKNOWN_INPUT', 'train.rows'],
      ['UNKNOWN_INPUT', 'again.rows'],
    ]);
    expect(problems[3]?.hint).toBe('Did you mean "list"?');
    expect(problems[4]?.expected).toBe('items');
  });
  test('cycles, each named once in the order of the data', () => {
    const problems = problemsOf(() =>
      planPipeline(
        wired(({ node }) => {
          node('one', train, { inputs: { rows: forged('three', 'model') }, params });
          node('two', train, { inputs: { rows: forged('one', 'model') }, params });
          node('three', train, { inputs: { rows: forged('two', 'model') }, params });
          node('after', train, { inputs: { rows: forged('three', 'model') }, params });
          node('self', train, { inputs: { rows: forged('self', 'model') }, params });
        }),
      ),
    );
    expect(problems.map(({ code, where }) => [code, where])).toEqual([
      ['CYCLE', 'one → two → three → one'],
      ['CYCLE', 'self → self'],
    ]);
  });
  test('inputs of another kind, missing and superfluous ones, from a caller without types', () => {
    const problems = problemsOf(() =>
      planPipeline(
        wired(({ node }) => {
          // biome-ignore lint/suspicious/noExplicitAny: a caller that the compiler does not help
          const loose: any = node;
          const { items } = loose('list', list, { inputs: {}, params: { count: 1 } });
          loose('score', inline, { inputs: { model: items, extra: items }, params: {} });
          loose('train', train, { inputs: {}, params: { steps: Number.NaN, rate: 1 } });
        }),
      ),
    );
    expect(problems.map(({ code, where, expected }) => [code, where, expected])).toEqual([
      ['WRONG_INPUT', 'score.model', 'tree of kind "model"'],
      ['WRONG_INPUT', 'score.extra', 'model'],
      ['WRONG_INPUT', 'train.rows', 'an output for input "rows" of task "train"'],
      ['BAD_PARAMS', 'train.steps', 'a finite number'],
    ]);
  });
  test('tasks without code, with code twice, or with a name that is taken', () => {
    const nothing = defineTask({ name: 'nothing', inputs: {}, outputs: {} });
    const twice = defineTask({ name: 'twice', inputs: {}, outputs: {}, implementation, module: import.meta.url, run: async () => ({}) });
    const lost = defineTask({ name: 'lost', inputs: {}, outputs: {}, run: async () => ({}) });
    const impostor = defineTask({ name: 'lost', inputs: {}, outputs: {}, implementation });
    const problems = problemsOf(() =>
      planPipeline(
        wired(({ node }) => {
          for (const [index, task] of [nothing, twice, lost, impostor].entries()) node(`n${index}`, task, { inputs: {}, params: {} });
        }),
      ),
    );
    expect(problems.map(({ code, where }) => [code, where])).toEqual([
      ['BAD_TASK', 'task "nothing"'],
      ['BAD_TASK', 'task "twice"'],
      ['BAD_TASK', 'task "lost"'],
      ['DUPLICATE_TASK', 'task "lost"'],
    ]);
  });
});
