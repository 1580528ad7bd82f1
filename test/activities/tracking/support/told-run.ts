import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { definePipeline } from '../../../../engine/define/pipeline.ts';
import { json, tree, type } from '../../../../engine/define/ports.ts';
import { defineTask } from '../../../../engine/define/task.ts';
import { openLedger } from '../../../../engine/ledger/ledger.ts';
import { planPipeline } from '../../../../engine/plan/plan.ts';
import { openStore } from '../../../../engine/store/store.ts';

const code = (name: string) => ({ url: import.meta.url, export: name });
const prepare = defineTask({
  name: 'prepare',
  inputs: {},
  outputs: { clips: json<number[]>() },
  queue: 'cpu',
  implementation: code('prepare'),
});
const train = defineTask({
  name: 'train',
  inputs: { clips: json<number[]>() },
  outputs: { model: tree('model') },
  params: type<Record<string, unknown>>(),
  queue: 'train',
  runs: 'process',
  implementation: code('train'),
});
const judge = defineTask({ name: 'judge', inputs: { model: tree('model') }, outputs: { measures: json() }, implementation: code('judge') });

const pipelineNamed = (name: string) =>
  definePipeline({
    name,
    description: 'three nodes',
    settings: z.record(z.string(), z.unknown()),
    presets: { demo: {} },
    build: ({ node }, settings) => {
      const { clips } = node('prepare', prepare, { inputs: {}, params: {} });
      const { model } = node('train', train, { inputs: { clips }, params: settings });
      node('judge', judge, { inputs: { model }, params: {} });
    },
  });

/** A home whose ledger and store tell of a run, written as the executor writes it. */
export async function tellRun(home: string, pipeline: string, run: string, settings: Record<string, unknown> = { rate: 0.1 }) {
  const [store, ledger] = [await openStore(home), openLedger(home)];
  const plan = planPipeline(pipelineNamed(pipeline), { settings });
  const startedAt = Date.now();
  const time = (seconds: number): string => new Date(startedAt + 1000 * seconds).toISOString();
  const row = { run, pipeline, preset: 'demo', startedAt: time(0) };
  ledger.append('runs', [{ ...row, status: 'running' }]);
  const stored = await store.putJson({ format: 1, plan, forced: [] });
  ledger.append('artifacts', [{ run, node: '', output: 'plan', ...stored }]);
  await ledger.flush();
  return {
    store,
    ledger,
    /** Points of `loss` at steps `from` to `to`; their time is that of the call, as after a restart. */
    async train(from: number, to: number, name = 'loss', value: (step: number) => number = (step) => 1 / step) {
      const points = Array.from({ length: to - from + 1 }, (_, i) => from + i);
      const at = new Date().toISOString();
      ledger.append(
        'metrics',
        points.map((step) => ({ run, node: 'train', name, step, value: value(step), at })),
      );
      await ledger.flush();
    },
    /** Where the training stands while the run goes on. */
    async stand(status: string, seconds = 1) {
      const ended = status === 'running' ? {} : { endedAt: time(seconds) };
      ledger.append('nodes', [{ run, node: 'train', task: 'train', queue: 'train', cache: 'miss', status, startedAt: time(0), ...ended }]);
      await ledger.flush();
    },
    async end(status = 'done') {
      const folder = join(home, 'work', 'model');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'model.safetensors'), `weights of ${run}`);
      writeFileSync(join(folder, 'config.json'), '{}');
      const model = await store.putTree(folder);
      const report = join(home, 'reports', run.replace('/', '-'));
      mkdirSync(join(report, 'media'), { recursive: true });
      writeFileSync(join(report, 'index.html'), '<h1>A report</h1>');
      writeFileSync(join(report, 'media', 'a b.wav'), 'sound');
      const outputs = {
        prepare: ['clips', await store.putJson([1, 2])],
        train: ['model', model],
        judge: ['measures', await store.putJson([{ name: 'F1', value: 0.75, better: 'higher' }])],
      } as const;
      for (const { id, task, queue } of plan.nodes) {
        const node = { run, node: id, task, status, cache: 'miss', key: id.padEnd(64, '0'), attempts: 1, queue, seconds: 2 };
        ledger.append('nodes', [node]);
      }
      for (const [node, [output, artifact]] of Object.entries(outputs)) ledger.append('artifacts', [{ run, node, output, ...artifact }]);
      ledger.append('runs', [{ ...row, status, endedAt: time(60), seconds: 60, report: join(report, 'index.html') }]);
      await ledger.flush();
      return model;
    },
  };
}
