// Programs that must not compile: the type check fails if one of these lines stops being an error.

import { z } from 'zod';
import { definePipeline } from '../../engine/define/pipeline.ts';
import { file, json, tree, type } from '../../engine/define/ports.ts';
import { defineTask, type Run } from '../../engine/define/task.ts';

const implementation = { url: 'file:///tasks.ts', export: 'run' };
const list = defineTask({
  name: 'list',
  inputs: {},
  outputs: { items: json<readonly { id: string; length: number }[]>() },
  params: type<{ count: number }>(),
  implementation,
});
const names = defineTask({ name: 'names', inputs: {}, outputs: { items: json<readonly string[]>() }, implementation });
const embed = defineTask({
  name: 'embed',
  inputs: { table: file('table') },
  outputs: { rows: file('rows') },
  item: type<{ id: string; length: number }>(),
  implementation,
});
const make = defineTask({ name: 'make', inputs: {}, outputs: { table: file('table'), model: tree('model') }, implementation });
const score = defineTask({
  name: 'score',
  inputs: { model: tree('model') },
  outputs: { value: json<number>() },
  params: type<{ seed: number }>(),
  implementation,
});
const single = defineTask({ name: 'single', inputs: {}, outputs: {}, item: type<{ id: string }>(), implementation });

definePipeline({
  name: 'wrong',
  description: 'Every commented line is a mistake',
  settings: z.strictObject({ seed: z.number() }),
  presets: {},
  build({ node, each, gate }, settings) {
    const { items } = node('list', list, { inputs: {}, params: { count: 1 } });
    const { table, model } = node('make', make, { inputs: {}, params: {} });
    node('score', score, { inputs: { model }, params: { seed: settings.seed } });
    each('embed', embed, items, { inputs: { table }, params: {} });

    // @ts-expect-error a file where a tree is needed
    node('a', score, { inputs: { model: table }, params: { seed: 1 } });
    // @ts-expect-error a file of another kind
    each('b', embed, items, { inputs: { table: model }, params: {} });
    // @ts-expect-error an input is missing
    node('c', score, { inputs: {}, params: { seed: 1 } });
    // @ts-expect-error a param is missing
    node('d', score, { inputs: { model }, params: {} });
    // @ts-expect-error a param of another type
    node('e', score, { inputs: { model }, params: { seed: 'one' } });
    // @ts-expect-error a param that does not exist
    node('f', score, { inputs: { model }, params: { seed: 1, sead: 2 } });
    // @ts-expect-error an output that does not exist
    node('g', make, { inputs: {}, params: {} }).modell;
    // @ts-expect-error a list of elements without a name of their own
    each('h', embed, node('names', names, { inputs: {}, params: {} }).items, { inputs: { table }, params: {} });
    // @ts-expect-error not a list
    each('i', embed, node('s', score, { inputs: { model }, params: { seed: 1 } }).value, { inputs: { table }, params: {} });
    // @ts-expect-error a task of a map as a single node
    node('j', single, { inputs: {}, params: {} });
    // @ts-expect-error a queue that does not exist
    node('k', make, { inputs: {}, params: {} }, { queue: 'gpu' });
    // @ts-expect-error a setting that does not exist
    node('l', score, { inputs: { model }, params: { seed: settings.sed } });
    // @ts-expect-error the answer of a gate that asks for none
    gate('o', 'Good?', [model]).answer;
    // @ts-expect-error an answer of another type
    each('p', embed, gate('q', 'Which?', [model], { answer: json<number>() }).answer, { inputs: { table }, params: {} });
    // @ts-expect-error elements of a map as if it were one artifact
    node('m', score, { inputs: { model: each('n', embed, items, { inputs: { table }, params: {} }).rows }, params: { seed: 1 } });
  },
});

// @ts-expect-error an output is missing
export const missing: Run<typeof make> = async () => ({ table: 'table.arrow' });
// @ts-expect-error a number where a path is expected
export const wrongForm: Run<typeof make> = async () => ({ table: 1, model: 'model' });
// @ts-expect-error an input that does not exist
export const wrongInput: Run<typeof score> = async ({ inputs }) => ({ value: inputs.table.path.length });
// @ts-expect-error a param that may only move the end must be one of the params
defineTask({ name: 'tune', inputs: {}, outputs: {}, params: type<{ steps: number }>(), endParams: ['step'], implementation });
