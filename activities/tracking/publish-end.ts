import { readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { readMeasures } from '../../engine/history/measured-runs.ts';
import type { Delivery } from './delivery.ts';
import type { Dataset, Run } from './mlflow/api.ts';
import { rejectionOf } from './mlflow/client.ts';
import { datasetDigest, keyOf, type Point, requests, tagsOf } from './mlflow/limits.ts';
import { type Publishing, sendPairs } from './publishing.ts';
import { plannedNode, type ToldNode, type ToldRun } from './read-run.ts';

/** What is known only when a run has ended: figures, what was read, the report. Each of it can be sent twice. */
export async function publishEnd(publishing: Publishing, delivery: Delivery, told: ToldRun, parent: Run): Promise<void> {
  const { api } = publishing;
  const read = new Map<string, Dataset>();
  for (const node of told.nodes) {
    const child = delivery.children[node.id];
    // A training whose result was reused has read its data, too.
    const datasets = child !== undefined || node.queue === 'train' ? datasetsOf(told, node) : [];
    for (const dataset of datasets) read.set(`${dataset.name} ${dataset.digest}`, dataset);
    if (child === undefined) continue;
    const { key, attempts, seconds, error } = node;
    const tags = { 'sostenuto.key': key, 'sostenuto.attempts': attempts, 'sostenuto.seconds': seconds, 'mlflow.note.content': error };
    await sendPairs(api, delivery, child, 'tags', tagsOf(tags));
    if (datasets.length > 0) await api.logInputs(child.id, datasets);
  }
  if (read.size > 0) await api.logInputs(parent.id, [...read.values()]);
  const metrics = await measuresOf(publishing, told);
  for (const batch of requests(metrics)) await api.logBatch(parent.id, { metrics: batch });
  const reused = told.nodes.filter(({ cache }) => cache === 'hit').length;
  await sendPairs(
    api,
    delivery,
    parent,
    'tags',
    tagsOf({ 'mlflow.note.content': told.error, 'sostenuto.reused': `${reused} of ${told.nodes.length} nodes` }),
  );
  await uploadFiles(publishing, delivery, told, parent);
}

/** What a node read that no training made. */
function datasetsOf(told: ToldRun, { id }: ToldNode): Dataset[] {
  return Object.values(plannedNode(told, id)?.inputs ?? {}).flatMap(({ node, output }) => {
    const from = told.nodes.find((one) => one.id === node);
    const artifact = from?.outputs[output];
    if (from === undefined || artifact === undefined || from.queue === 'train') return [];
    const source = JSON.stringify({ ...artifact, node, output, task: from.task, key: from.key });
    return [{ name: `${node}.${output}`, digest: datasetDigest(artifact.digest), source, context: 'training' }];
  });
}

/** Outputs called `measures` are the figures of a run. */
async function measuresOf({ store }: Publishing, told: ToldRun): Promise<Point[]> {
  const points: Point[] = [];
  for (const { id, outputs, status } of told.nodes) {
    const measures = outputs['measures'];
    if (status !== 'done' || measures === undefined || !(await store.has(measures))) continue;
    for (const { name, value } of await readMeasures(store, id, measures))
      if (Number.isFinite(value)) points.push({ key: keyOf(`${id}/${name}`), value, timestamp: told.endedAt ?? told.startedAt, step: 0 });
  }
  return points;
}

/** The report with its media, the plan, and a table of the nodes. */
async function uploadFiles({ api }: Publishing, delivery: Delivery, told: ToldRun, parent: Run): Promise<void> {
  const files: [name: string, content: string | Blob][] = [['nodes.csv', new Blob([tableOf(told.nodes)])]];
  if (told.plan !== undefined) files.push(['plan.json', new Blob([JSON.stringify(told.plan)])]);
  if (told.report !== undefined) {
    const folder = dirname(told.report);
    // A report can be removed by hand at any time.
    const names =
      statSync(told.report, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(folder, { recursive: true, withFileTypes: true });
    for (const entry of names)
      if (entry.isFile())
        files.push([`report/${relative(folder, join(entry.parentPath, entry.name))}`, join(entry.parentPath, entry.name)]);
  }
  for (const [name, content] of files) {
    try {
      if (await api.upload(parent.artifactUri, name, content)) continue;
      delivery.refused.push(`artifacts: the server keeps them at ${parent.artifactUri}; start it with --serve-artifacts`);
      return;
    } catch (error) {
      if (rejectionOf(error) === undefined) throw error;
      delivery.refused.push(`artifact ${name}: ${rejectionOf(error)}`);
    }
  }
}

function tableOf(nodes: readonly ToldNode[]): string {
  const cell = (value: unknown): string => `"${String(value ?? '').replaceAll('"', '""')}"`;
  const rows = nodes.map(({ id, task, status, cache, seconds, attempts, key, error }) => [
    id,
    task,
    status,
    cache,
    seconds,
    attempts,
    key,
    error,
  ]);
  return [['node', 'task', 'status', 'cache', 'seconds', 'attempts', 'key', 'error'], ...rows]
    .map((row) => `${row.map(cell).join(',')}\n`)
    .join('');
}
