import { hostname, userInfo } from 'node:os';
import { readAction } from '../../engine/actions/actions.ts';
import { workflowOf } from '../rows.ts';
import type { Delivery } from './delivery.ts';
import type { Api, Run, RunStatus } from './mlflow/api.ts';
import { rejectionOf } from './mlflow/client.ts';
import { metricKey, type Point, paramsOf, requests, tagsOf } from './mlflow/limits.ts';
import { publishEnd } from './publish-end.ts';
import { type Publishing, sendPairs } from './publishing.ts';
import { mostPoints, plannedNode, readPoints, readRun, type ToldNode, type ToldPoint, type ToldRun } from './read-run.ts';

/** Our name of a run, as a tag: by it a run is found again whose id was lost. */
export const runTag = 'sostenuto.run';
const nodeTag = 'sostenuto.node';

const statuses: Readonly<Record<string, RunStatus>> = { done: 'FINISHED', failed: 'FAILED', canceled: 'KILLED' };
const statusOf = (status: string): RunStatus => statuses[status] ?? 'RUNNING';

/** Brings the server up to what is known of a run. What it was told before is not told again, however this ended the last time. */
export async function publishRun(publishing: Publishing, run: string): Promise<Delivery> {
  const { deliveries, ledger } = publishing;
  const delivery = deliveries.run(run);
  if (delivery.isComplete) {
    // Other workers write their last points a moment after the run's end.
    await sendPoints(publishing, delivery, await readPoints(ledger, delivery));
    return delivery;
  }
  const told = await readRun(publishing, run);
  if (told === undefined) return delivery;
  const experiment = await experimentOf(publishing, told.pipeline);
  const parent = await parentRun(publishing, delivery, told, experiment);
  for (;;) {
    const points = await readPoints(ledger, delivery);
    const nodes = new Set([...points.map(({ node }) => node), ...trained(told.nodes).map(({ id }) => id)]);
    for (const node of nodes) {
      const begun =
        told.nodes.find(({ id }) => id === node)?.startedAt ?? points.find((point) => point.node === node)?.at ?? told.startedAt;
      await childRun(publishing, delivery, { told, experiment, parent }, node, timesOf(publishing, told, node)?.from ?? begun);
    }
    await sendPoints(publishing, delivery, points);
    if (points.length < mostPoints) break;
  }
  if (statusOf(told.status) === 'RUNNING') {
    await tellStandings(publishing, delivery, told);
    return delivery;
  }
  await publishEnd(publishing, delivery, told, parent);
  for (const node of told.nodes) {
    const child = delivery.children[node.id];
    if (child !== undefined && delivery.statuses?.[node.id] !== statusOf(node.status))
      await publishing.api.updateRun(child.id, statusOf(node.status), timesOf(publishing, told, node.id)?.to ?? told.endedAt);
  }
  await publishing.api.updateRun(parent.id, statusOf(told.status), told.endedAt);
  delivery.isComplete = true;
  deliveries.save(delivery);
  return delivery;
}

/** While a run goes on its children end before it, and begin again where one is retried. */
async function tellStandings({ api, deliveries }: Publishing, delivery: Delivery, { nodes }: ToldRun): Promise<void> {
  const known = delivery.statuses ?? {};
  for (const { id, status, endedAt } of nodes) {
    const [child, now] = [delivery.children[id], statusOf(status)];
    if (child === undefined || now === (known[id] ?? 'RUNNING')) continue;
    await api.updateRun(child.id, now, endedAt);
    delivery.statuses = { ...delivery.statuses, [id]: now };
    deliveries.save(delivery);
  }
}

/** When a node began and ended; undefined for one that failed or goes on. */
function timesOf({ store }: Publishing, { nodes }: ToldRun, node: string): { from: number; to: number } | undefined {
  const key = nodes.find(({ id }) => id === node)?.key;
  const action = key ? readAction(store, key) : undefined;
  if (action === undefined) return undefined;
  const from = Date.parse(action.startedAt);
  return { from, to: Math.round(from + 1000 * action.seconds) };
}

/** Nodes that get a run of their own though they told no metric. */
const trained = (nodes: readonly ToldNode[]): ToldNode[] =>
  nodes.filter(({ queue, cache, status }) => queue === 'train' && cache === 'miss' && (status === 'running' || status in statuses));

export const experimentOf = ({ api, tracking }: Publishing, pipeline: string): Promise<string> =>
  // By this tag MLflow 3 tells trainings from what belongs to language models.
  api.experiment(tracking.experiment ?? pipeline, tagsOf({ 'mlflow.experimentKind': 'custom_model_development' }));

async function parentRun({ api, deliveries }: Publishing, delivery: Delivery, told: ToldRun, experiment: string): Promise<Run> {
  const { run, plan, pipeline } = told;
  if (delivery.parent === undefined) {
    await findRuns(api, delivery, experiment);
    delivery.parent ??= await api.createRun(experiment, workflowOf(run), told.startedAt, tagsOf({ ...standing(pipeline), [runTag]: run }));
    deliveries.save(delivery);
  }
  if (delivery.described.includes('')) return delivery.parent;
  await sendPairs(api, delivery, delivery.parent, 'params', paramsOf(plan?.settings));
  await sendPairs(api, delivery, delivery.parent, 'tags', tagsOf({ 'sostenuto.pipeline': pipeline, 'sostenuto.preset': plan?.preset }));
  delivery.described.push('');
  deliveries.save(delivery);
  return delivery.parent;
}

/** Runs that were made before, and whose answer or note was lost. */
async function findRuns(api: Api, delivery: Delivery, experiment: string): Promise<void> {
  for (const { run, tags } of await api.runsWith(experiment, runTag, delivery.run)) {
    const node = tags.get(nodeTag);
    if (node === undefined) delivery.parent ??= run;
    else delivery.children[node] ??= run;
  }
}

async function childRun(
  { api, deliveries }: Publishing,
  delivery: Delivery,
  { told, experiment, parent }: { readonly told: ToldRun; readonly experiment: string; readonly parent: Run },
  node: string,
  startedAt: number,
): Promise<void> {
  const planned = plannedNode(told, node);
  const fixed = { ...standing(told.pipeline), 'mlflow.parentRunId': parent.id, [runTag]: told.run, [nodeTag]: node };
  if (delivery.children[node] === undefined) {
    await findRuns(api, delivery, experiment);
    delivery.children[node] ??= await api.createRun(experiment, node, startedAt, tagsOf(fixed));
    deliveries.save(delivery);
  }
  const child = delivery.children[node];
  if (child === undefined || delivery.described.includes(node)) return;
  await sendPairs(api, delivery, child, 'params', paramsOf(planned?.params));
  const code = planned === undefined ? undefined : told.plan?.code[planned.task]?.digest;
  await sendPairs(api, delivery, child, 'tags', tagsOf({ 'sostenuto.task': planned?.task, 'sostenuto.code': code }));
  delivery.described.push(node);
  deliveries.save(delivery);
}

/** Columns of MLflow's table of runs. */
const standing = (pipeline: string): Record<string, string> => ({
  'mlflow.user': userInfo().username,
  'mlflow.source.name': `sostenuto ${pipeline}`,
  'mlflow.source.type': 'LOCAL',
  'sostenuto.host': hostname(),
});

async function sendPoints({ api, deliveries }: Publishing, delivery: Delivery, told: readonly ToldPoint[]): Promise<void> {
  if (told.length === 0) return;
  const wasUncertain = delivery.isUncertain;
  delivery.isUncertain = true;
  deliveries.save(delivery);
  for (const [node, child] of Object.entries(delivery.children)) {
    const own = told.filter((point) => point.node === node);
    const known = new Map<string, ReadonlySet<number>>();
    if (wasUncertain)
      for (const name of new Set(own.map((point) => point.name))) known.set(name, await api.stepsOf(child.id, metricKey(name)));
    const missing = own.filter(({ name, step }) => !known.get(name)?.has(step));
    const points = missing.map(({ name, step, value, at }): Point => ({ key: metricKey(name), value, timestamp: at, step }));
    for (const metrics of requests(points)) {
      try {
        await api.logBatch(child.id, { metrics });
      } catch (error) {
        if (rejectionOf(error) === undefined) throw error;
        delivery.refused.push(`${metrics.length} points of ${node}: ${rejectionOf(error)}`);
      }
    }
    const marks = delivery.marks[node] ?? {};
    for (const { name, step } of own) marks[name] = Math.max(marks[name] ?? step, step);
    delivery.marks[node] = marks;
    deliveries.save(delivery);
  }
  delivery.isUncertain = false;
  deliveries.save(delivery);
}
