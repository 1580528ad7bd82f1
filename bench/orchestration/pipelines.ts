import { z } from 'zod';
import { definePipeline, defineTask, type JsonPort, json, type Mapped, type Ref, type } from '../../index.ts';

/** Nodes that compute nothing: what is measured is the cost of running them. `salt` makes a run new. */
interface Params {
  readonly salt: string;
}
const value = json<number>();
const first = { module: import.meta.url, inputs: {}, outputs: { value }, params: type<Params>(), run: async () => ({ value: 1 }) };
const next = {
  module: import.meta.url,
  inputs: { value },
  outputs: { value },
  params: type<Params>(),
  run: async ({ inputs }: { inputs: { value: number } }) => ({ value: inputs.value + 1 }),
};
export const beginRecorded = defineTask({ ...first, name: 'beginRecorded' });
export const stepRecorded = defineTask({ ...next, name: 'stepRecorded' });
export const beginLight = defineTask({ ...first, name: 'beginLight', runs: 'local' });
export const stepLight = defineTask({ ...next, name: 'stepLight', runs: 'local' });

interface Item {
  readonly id: string;
}
export const list = defineTask({
  name: 'list',
  module: import.meta.url,
  runs: 'local',
  inputs: {},
  outputs: { items: json<readonly Item[]>() },
  params: type<Params & { width: number }>(),
  run: async ({ params }) => ({ items: Array.from({ length: params.width }, (_, i) => ({ id: `${params.salt}-${i}` })) }),
});
const part = { module: import.meta.url, inputs: {}, outputs: { value }, item: type<Item>(), run: async () => ({ value: 1 }) };
export const partRecorded = defineTask({ ...part, name: 'partRecorded' });
export const partLight = defineTask({ ...part, name: 'partLight', runs: 'local' });
export const join = defineTask({
  name: 'join',
  module: import.meta.url,
  runs: 'local',
  inputs: { parts: json<readonly Mapped[]>() },
  outputs: { value },
  run: async ({ inputs }) => ({ value: inputs.parts.length }),
});

const settings = z.strictObject({ salt: z.string(), size: z.number(), light: z.boolean() });
const presets = { default: { salt: '', size: 20, light: false } };

export const chain = definePipeline({
  name: 'bench-chain',
  description: 'Empty nodes one after the other',
  settings,
  presets,
  build({ node }, { salt, size, light }) {
    let last: Ref<JsonPort<number>> = node('n0', light ? beginLight : beginRecorded, { inputs: {}, params: { salt } }).value;
    for (let i = 1; i < size; i++)
      last = node(`n${i}`, light ? stepLight : stepRecorded, { inputs: { value: last }, params: { salt } }).value;
  },
});

export const fanout = definePipeline({
  name: 'bench-fanout',
  description: 'Empty nodes beside each other, and one that joins them',
  settings,
  presets,
  build({ node, each }, { salt, size, light }) {
    const { items } = node('list', list, { inputs: {}, params: { salt, width: size } });
    const parts = each('parts', light ? partLight : partRecorded, items, { inputs: {}, params: {} }).value;
    node('join', join, { inputs: { parts }, params: {} });
  },
});
