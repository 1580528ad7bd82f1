import { expect, test } from 'vitest';
import { z } from 'zod';
import { definePipeline } from '../../../engine/define/pipeline.ts';
import { json, tree } from '../../../engine/define/ports.ts';
import { defineTask } from '../../../engine/define/task.ts';
import { planPipeline } from '../../../engine/plan/plan.ts';

const implementation = { url: 'file:///tasks.ts', export: 'run' };
const list = defineTask({ name: 'list', inputs: {}, outputs: { items: json<readonly string[]>() }, implementation });
const use = defineTask({ name: 'use', inputs: { model: tree('model') }, outputs: {}, implementation });

const asking = (params: unknown) =>
  definePipeline({
    name: 'asking',
    description: 'Gates of every kind',
    settings: z.strictObject({}),
    presets: {},
    build({ node, gate }) {
      const { items } = node('list', list, { inputs: {}, params: {} });
      gate('look', 'Good?', [items]);
      const { answer } = gate('ask', 'Which ones?', [items], { answer: json<number>(), params });
      const lent = gate('lend', 'Which model?', [answer], { answer: tree('model') });
      node('use', use, { inputs: { model: lent.answer }, params: {} });
    },
  });

test('a gate that wants an answer has it as an output, of any form, and says what whoever answers has to know', () => {
  const gates = planPipeline(asking({ least: 2 })).nodes.filter(({ kind }) => kind === 'gate');
  expect(gates.map(({ id, outputs, params }) => [id, outputs, params])).toEqual([
    ['look', { decision: 'json' }, {}],
    ['ask', { decision: 'json', answer: 'json' }, { least: 2 }],
    ['lend', { decision: 'json', answer: 'tree' }, {}],
  ]);
});

test('its params are plain JSON, like those of any node', () => {
  expect(() => planPipeline(asking({ least: Number.NaN }))).toThrow(/params of node "ask" are not plain JSON[\s\S]*ask\.least/);
});
