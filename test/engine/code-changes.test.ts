import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { definePipeline, type Ref } from '../../engine/define/pipeline.ts';
import { type JsonPort, json } from '../../engine/define/ports.ts';
import { defineTask } from '../../engine/define/task.ts';
import { describeExplanation } from '../../engine/explain/words.ts';
import { planPipeline } from '../../engine/plan/plan.ts';
import { openStore } from '../../engine/store/store.ts';
import { drive } from './support/driver.ts';
import { temporaryFolder } from './support/folders.ts';
import { testProject } from './support/project.ts';

const length = 20;
const body = (index: number, expression = 'plus(above ?? 0)') => `import { plus } from '../lib/every.ts';
${index === 10 ? "import { shift } from '../lib/shift.ts';" : ''}
export const run = async ({ inputs }: { inputs: { above?: number } }) => {
  const above: number | undefined = inputs.above;
  return { value: ${index === 10 ? `shift(${expression})` : expression} };
};`;
const files = {
  'lib/every.ts': 'export const plus = (value: number) => value + 1;',
  'lib/shift.ts': 'export function shift(value: number) { return value + 100; }',
  ...Object.fromEntries(Array.from({ length }, (_, index) => [`nodes/n${index}.ts`, body(index)])),
};

/** A chain of twenty nodes, each with its own file, that has run once. */
async function chain() {
  const project = testProject(files);
  const store = await openStore(temporaryFolder());
  const pipeline = definePipeline({
    name: 'chain',
    description: 'Twenty nodes in a row',
    settings: z.strictObject({}),
    presets: {},
    build({ node }) {
      let above: Ref<JsonPort<number>> | undefined;
      for (let index = 0; index < length; index++) {
        const { url } = project.code(`nodes/n${index}.ts`, 'run');
        const common = { name: `step${index}`, outputs: { value: json<number>() }, implementation: { url, export: 'run' } };
        const made = above
          ? node(`n${index}`, defineTask({ ...common, inputs: { above: json<number>() } }), { inputs: { above }, params: {} })
          : node(`n${index}`, defineTask({ ...common, inputs: {} }), { inputs: {}, params: {} });
        above = made.value;
      }
    },
  });
  const run = () => drive(store, planPipeline(pipeline), project.root);
  const first = await run();
  expect(first.executed).toHaveLength(length);
  return { project, run, value: first.values['n19'] };
}
const from = (index: number) => Array.from({ length: length - index }, (_, at) => `n${index + at}`);

describe('in a chain of twenty nodes', () => {
  test.each([
    [
      'a body that gives the same output runs 1 node',
      'nodes/n10.ts',
      body(10, 'plus(above ?? 7)'),
      ['n10'],
      120,
      ['n10: runs because nodes/n10.ts changed'],
    ],
    [
      'a body that gives a new output runs 10 nodes',
      'nodes/n10.ts',
      body(10, 'plus(above ?? 0) + 1'),
      from(10),
      121,
      ['n10: runs because nodes/n10.ts changed', 'n11: runs because input above changed (n10.value)'],
    ],
    [
      'a helper of one node runs 10 nodes',
      'lib/shift.ts',
      'export function shift(value: number) { return value + 200; }',
      from(10),
      220,
      ['n10: runs because lib/shift.ts changed', 'n11: runs because input above changed (n10.value)'],
    ],
    [
      'a module that all use runs 20 nodes',
      'lib/every.ts',
      'export const plus = (value: number) => value + 2;',
      from(0),
      140,
      ['n0: runs because lib/every.ts changed', 'n1: runs because lib/every.ts changed; input above changed (n0.value)'],
    ],
    ['a comment runs none', 'lib/every.ts', `// adds one\n${files['lib/every.ts']}`, [], 120, []],
  ])('%s', async (_, file, text, nodes, value, sentences) => {
    const { project, run } = await chain();
    project.write(file, text);
    const { executed, values, explanations } = await run();
    expect(executed).toEqual(nodes);
    expect(values['n19']).toBe(value);
    const said = Object.values(explanations).map(describeExplanation);
    expect(said).toEqual(expect.arrayContaining(sentences));
    expect(said.filter((sentence) => sentence.endsWith(': reused'))).toHaveLength(length - nodes.length);
    expect((await run()).executed).toEqual([]);
  });

  test('an undone edit runs none', async () => {
    const { project, run, value } = await chain();
    project.write('lib/every.ts', 'export const plus = (value: number) => value + 2;');
    await run();
    project.write('lib/every.ts', files['lib/every.ts']);
    const { executed, values } = await run();
    expect(executed).toEqual([]);
    expect(values['n19']).toBe(value);
  });
});
