import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { recordAction, thisMachine } from '../../../engine/actions/actions.ts';
import { definePipeline } from '../../../engine/define/pipeline.ts';
import { type Artifact, json, tree } from '../../../engine/define/ports.ts';
import { defineTask } from '../../../engine/define/task.ts';
import { type Ledger, openLedger } from '../../../engine/ledger/ledger.ts';
import { planPipeline } from '../../../engine/plan/plan.ts';
import { openStore, type Store } from '../../../engine/store/store.ts';
import { buildReportModel } from '../../../web/report/build-model.ts';
import type { FinishedNode, FinishedRun } from '../../../web/report/finished-run.ts';
import { renderReport } from '../../../web/report/page.ts';
import { createReportWriter, reportDirectory } from '../../../web/report/report-writer.ts';
import { tone, wav } from '../example.ts';
import { readTags } from '../tags.ts';

const code = { url: import.meta.url, export: 'none' };
const train = defineTask({ name: 'train', inputs: {}, outputs: { model: json<number>() }, queue: 'train', implementation: code });
const evaluate = defineTask({
  name: 'evaluate',
  inputs: { model: json<number>() },
  outputs: { measures: json<unknown>(), exhibits: tree('exhibits'), quarantined: json<unknown>() },
  implementation: code,
});
const pipeline = definePipeline({
  name: 'example',
  description: 'two nodes',
  settings: z.strictObject({ seed: z.int() }),
  presets: { demo: { seed: 7 } },
  build: ({ node }) => {
    const { model } = node('training', train, { inputs: {}, params: {} });
    node('evaluation', evaluate, { inputs: { model }, params: {} });
  },
});

let home: string;
let store: Store;
let ledger: Ledger;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'model-'));
  store = await openStore(home);
  ledger = openLedger(home);
});
afterEach(async () => {
  await ledger.close();
  rmSync(home, { recursive: true, force: true });
});

async function record(key: string, task: string, outputs: Record<string, Artifact>): Promise<void> {
  const modules = { [`tasks/${task}.ts`]: 'f'.repeat(64) };
  await recordAction(store, {
    format: 1,
    key,
    task,
    params: {},
    inputs: {},
    outputs,
    code: { digest: `code of ${task}`, modules },
    backend: 'cpu',
    machine: thisMachine(),
    startedAt: '2026-01-02T10:00:00.000Z',
    seconds: 3,
    attempts: 1,
    token: 0,
  });
}

async function exhibits(content: unknown, files: Record<string, Buffer> = {}): Promise<Artifact> {
  const folder = join(home, 'exhibits');
  mkdirSync(folder);
  writeFileSync(join(folder, 'exhibits.json'), JSON.stringify(content));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return await store.putTree(folder);
}

const keys = { training: 'a'.repeat(64), evaluation: 'b'.repeat(64) };
const node = (id: keyof typeof keys, task: string, rest: Partial<FinishedNode> = {}): FinishedNode => ({
  id,
  task,
  status: 'done',
  cache: 'miss',
  key: keys[id],
  attempts: 1,
  seconds: 2,
  outputs: {},
  ...rest,
});
const run = (nodes: readonly FinishedNode[], rest: Partial<FinishedRun> = {}): FinishedRun => ({
  workflowId: 'w',
  runId: 'r',
  pipeline: 'example',
  status: 'done',
  seconds: 5,
  nodes,
  ...rest,
});
const plan = planPipeline(pipeline);

describe('the model of a report', () => {
  it('joins plan, records, outputs and metrics', async () => {
    const measures = await store.putJson([{ name: 'distance', value: 1.5, unit: 'dB', better: 'lower' }]);
    const quarantined = await store.putJson([{ id: 'clip-3', reason: 'No audio stream.' }]);
    const shown = await exhibits(
      {
        title: 'Sounds',
        groups: [
          {
            title: 'clip',
            items: [
              { title: 'original', audio: 'a.wav' },
              { title: 'gone', audio: 'gone.wav' },
            ],
          },
        ],
      },
      { 'a.wav': wav(tone(220, 0.2)) },
    );
    await record(keys.training, 'train', {});
    await record(keys.evaluation, 'evaluate', {});
    const trigger = 'schedule:nightly@2026-01-02T03:00:00.000Z';
    ledger.append('runs', [
      { run: 'w/r', pipeline: 'example', preset: 'demo', status: 'running', trigger, startedAt: '2026-01-02T10:00:00.000Z' },
    ]);
    ledger.append(
      'metrics',
      [20, 10].map((step) => ({ run: 'w/r', node: 'training', name: 'loss', step, value: 1 / step })),
    );
    ledger.append('metrics', [{ run: 'w/r', node: 'training', name: 'resumed', step: 15, value: 2 }]);
    await ledger.flush();

    const finished = run([
      node('training', 'train', { attempts: 2 }),
      node('evaluation', 'evaluate', { outputs: { measures, exhibits: shown, quarantined } }),
    ]);
    const { model, media } = await buildReportModel({ store, ledger, run: finished, plan });

    expect(model.run).toMatchObject({
      preset: 'demo',
      startedAt: '2026-01-02T10:00:00.000Z',
      scheduled: { schedule: 'nightly', at: '2026-01-02T03:00:00.000Z' },
      headline: 'example finished in 5.0 s: 2 nodes ran; distance 1.5 dB.',
    });
    expect(model.nodes.map(({ id, deps, queue, attempts }) => ({ id, deps, queue, attempts }))).toEqual([
      { id: 'training', deps: [], queue: 'train', attempts: 2 },
      { id: 'evaluation', deps: ['training'], queue: 'light', attempts: 1 },
    ]);
    expect(model.curves).toEqual([
      {
        node: 'training',
        name: 'loss',
        points: [
          [10, 0.1],
          [20, 0.05],
        ],
        resumePoints: [15],
      },
    ]);
    expect(model.measures).toEqual([{ name: 'distance', value: 1.5, unit: 'dB', better: 'lower' }]);
    expect(model.quarantined).toEqual([{ node: 'evaluation', id: 'clip-3', reason: 'No audio stream.' }]);
    expect(model.exhibits[0]?.groups[0]?.items).toEqual([
      { title: 'original', audio: 'evaluation/a.wav' },
      { title: 'gone', caption: 'gone.wav is missing' },
    ]);
    expect([...media.keys()]).toEqual(['evaluation/a.wav']);
    expect(model.code['train']).toEqual({ digest: 'code of train', files: ['tasks/train.ts'] });
    expect([model.backend, model.machine['cores'], model.settings]).toEqual(['cpu', thisMachine().cores, { seed: 7 }]);
  });

  it('shows for a reused training the curve of the run that made it', async () => {
    await record(keys.training, 'train', {});
    ledger.append('runs', [{ run: 'old/1', pipeline: 'example', status: 'done', startedAt: '2026-01-01T10:00:00.000Z' }]);
    ledger.append('nodes', [{ run: 'old/1', node: 'training', task: 'train', status: 'done', cache: 'miss', key: keys.training }]);
    ledger.append('metrics', [{ run: 'old/1', node: 'training', name: 'loss', step: 1, value: 0.5 }]);
    ledger.append('metrics', [{ run: 'other/1', node: 'training', name: 'loss', step: 1, value: 99 }]);
    await ledger.flush();
    const { model } = await buildReportModel({
      store,
      ledger,
      run: run([node('training', 'train', { cache: 'hit', seconds: 0, attempts: 0 })]),
      plan,
    });
    expect(model.curves).toEqual([{ node: 'training', name: 'loss', points: [[1, 0.5]] }]);
    expect(model.nodes[0]?.summary).toBe('made 2 Jan 2026, 10:00 UTC in 3.0 s');
    expect(model.run.headline).toBe('example finished in 5.0 s: nothing had to run: all 1 result reused.');
  });

  it('names what failed', async () => {
    const failed = run(
      [
        node('training', 'train', { status: 'failed', key: '', error: 'TRAINING_DIVERGED' }),
        node('evaluation', 'evaluate', { status: 'blocked', key: '', attempts: 0, seconds: 0 }),
      ],
      { status: 'failed' },
    );
    const { model } = await buildReportModel({ store, ledger, run: failed, plan });
    expect(model.run.headline).toBe('example failed after 5.0 s in training; 0 of 2 nodes done.');
    expect(model.nodes.map(({ status, error }) => [status, error])).toEqual([
      ['failed', 'TRAINING_DIVERGED'],
      ['blocked', undefined],
    ]);
  });

  it('says what is wrong with an exhibit, and goes on', async () => {
    const shown = await exhibits({ title: 'Sounds', groups: [{ title: 'clip', items: [{ audio: 5 }] }] });
    const { model } = await buildReportModel({
      store,
      ledger,
      run: run([node('evaluation', 'evaluate', { outputs: { exhibits: shown, measures: { digest: 'c'.repeat(64), bytes: 3 } } })]),
      plan,
    });
    expect(model.exhibits.map(({ note }) => note)).toEqual([
      expect.stringContaining('groups.0.items.0.audio'),
      expect.stringContaining('This output cannot be read'),
    ]);
  });
});

describe('data cards', () => {
  const ask = defineTask({ name: 'ask', inputs: {}, outputs: { version: json<string>() }, implementation: code });
  const collect = defineTask({
    name: 'collect',
    inputs: { version: json<string>() },
    outputs: { clips: tree('clips') },
    implementation: code,
  });
  const learn = defineTask({ name: 'learn', inputs: { clips: tree('clips') }, outputs: { model: tree('model') }, implementation: code });
  const learning = definePipeline({
    name: 'learning',
    description: 'tools, clips, a model',
    settings: z.strictObject({}),
    presets: { demo: {} },
    build: ({ node }) => {
      const { version } = node('tools', ask, { inputs: {}, params: {} });
      const { clips } = node('clips', collect, { inputs: { version }, params: {} });
      node('model', learn, { inputs: { clips }, params: {} });
    },
  });

  it('stand for the first nodes with files, though they read the version of a tool, and for nothing made from these', async () => {
    const keyOf = { tools: 'a'.repeat(64), clips: 'b'.repeat(64), model: 'c'.repeat(64) } as const;
    const outputs = {
      tools: { version: await store.putJson('ffmpeg 7') },
      clips: { clips: await exhibits([], { 'a.wav': Buffer.from('a'), 'b.wav': Buffer.from('b') }) },
    };
    await record(keyOf.tools, 'ask', outputs.tools);
    await record(keyOf.clips, 'collect', outputs.clips);
    await record(keyOf.model, 'learn', { model: outputs.clips.clips });
    const nodes = (['tools', 'clips', 'model'] as const).map((id) => ({ ...node('training', id, { key: keyOf[id] }), id }));
    const { model } = await buildReportModel({ store, ledger, run: run(nodes), plan: planPipeline(learning) });
    expect(model.data.map((card) => [card.node, card.kinds])).toEqual([['clips', { json: 1, wav: 2 }]]);
    const rows = readTags(renderReport(model)).filter(({ name, attributes }) => name === 'a' && attributes.get('href') === '#node-clips');
    expect(rows.length).toBeGreaterThan(1);
  });
});

describe('the report writer', () => {
  it('writes below the home, and plans again when it is given no plan', async () => {
    ledger.append('runs', [
      { run: 'w/r', pipeline: 'example', preset: 'demo', status: 'running', startedAt: '2026-01-02T10:00:00.000Z', settings: '{"seed":8}' },
    ]);
    await ledger.flush();
    writeFileSync(join(home, 'server.json'), JSON.stringify({ address: '127.0.0.1:7233', uiPort: 8233 }));
    const write = createReportWriter({ store, ledger, home, pipelines: new Map([['example', pipeline]]) });
    const finished = run([node('training', 'train')]);
    expect(await write({ run: finished })).toBe(join(reportDirectory(home, finished), 'index.html'));
    await expect(createReportWriter({ store, ledger, home })({ run: finished })).rejects.toThrow(
      expect.objectContaining({ code: 'NO_PLAN' }),
    );
  });

  it('keeps runs of the same name apart, whatever the name', () => {
    const first = reportDirectory('/home', { workflowId: '../../etc/x', runId: '0190-aaaaaaaa' });
    expect(first).toBe('/home/reports/etc-x-aaaaaaaa');
    expect(reportDirectory('/home', { workflowId: '../../etc/x', runId: '0190-bbbbbbbb' })).not.toBe(first);
  });
});
