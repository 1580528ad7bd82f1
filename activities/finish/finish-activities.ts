import type { Mapped, Quarantined } from '../../engine/define/pipeline.ts';
import type { RunBegin } from '../../engine/history/measured-runs.ts';
import type { NodeRow } from '../../engine/ledger/tables.ts';
import { draftOf, takeIn } from '../advance/news.ts';
import type { Dependencies } from '../dependencies.ts';
import { applicationFailure } from '../failures.ts';
import { type FinishRequest, inheritedStatus, type NodeReport, type RunReport, type RunResult } from '../messages.ts';
import { type LoadedPlan, loadPlan } from '../plan/run-plan.ts';
import { beginOf, finishedRows, runArtifact, runName, summaryOutput } from '../rows.ts';
import { loadState, type RunState } from '../state.ts';
import { primaryMetric } from './primary-metric.ts';
import { findRegression, tellRegression } from './regression.ts';
import { nodeReports, runReport } from './report.ts';

/** Bytes of reasons that a result carries itself. */
const failedLimit = 20;

/** The last thing a run does, however it ends: its rows are in the ledger and its report is written before the workflow returns. */
export function createFinishActivities(deps: Dependencies) {
  return {
    async finish(request: FinishRequest): Promise<RunResult> {
      try {
        return await finishRun(deps, request);
      } catch (error) {
        throw applicationFailure(error, 1);
      }
    },
  };
}

async function finishRun(deps: Dependencies, request: FinishRequest): Promise<RunResult> {
  const plan = await loadPlan(deps.store, request.plan);
  const draft = draftOf(await loadState(deps.store, request.state));
  await takeIn(deps, draft, request.news);
  const state: RunState = { format: 1, ...draft };
  const running = new Set(request.running);
  const nodes = nodeReports(plan, state, (n, above) =>
    running.has(n) ? 'canceled' : (inheritedStatus(above) ?? (request.ending === 'canceled' ? 'canceled' : 'blocked')),
  );
  const status = request.ending === 'canceled' ? 'canceled' : nodes.some((node) => node.status === 'failed') ? 'failed' : 'done';
  const alert = await findRegression(deps, request.run, plan, state);
  if (alert !== undefined) await tellRegression(deps, request.run, plan, alert);
  const told = { ...runReport(request.run, plan, nodes, status, deps.now()), ...(alert === undefined ? {} : { alert }) };
  const report = await withReport(deps, plan, told, beginOf(request.run, plan));
  const rows = finishedRows(request.run, plan, state, report, deps.now());
  deps.ledger.append('runs', [rows.run]);
  deps.ledger.append('nodes', rows.nodes);
  deps.ledger.append('artifacts', rows.artifacts);
  for (const node of nodes)
    if (node.elements !== undefined) deps.ledger.append('nodes', await elementRows(deps, request, plan, state, node));
  const summary = await deps.store.putJson(report);
  deps.ledger.append('artifacts', [runArtifact(request.run, summaryOutput, summary)]);
  await deps.ledger.flush();
  // What was measured before is on the pages already, and reading the whole ledger would make an unchanged run slow.
  if (report.report !== null && nodes.some(({ cache }) => cache === 'miss')) await afterReport(deps);
  const metric = await primaryMetric(deps.store, plan, state);
  const counts: Record<string, number> = {};
  for (const node of nodes) counts[node.status] = (counts[node.status] ?? 0) + 1;
  counts['hits'] = nodes.filter((node) => node.cache === 'hit').length;
  return {
    status,
    pipeline: plan.plan.pipeline,
    preset: plan.plan.preset,
    seconds: report.seconds,
    report: report.report,
    ...(metric === undefined ? {} : { primaryMetric: metric }),
    ...(alert === undefined ? {} : { alert }),
    counts,
    summary,
    failed: nodes
      .filter((node) => node.status === 'failed')
      .slice(0, failedLimit)
      .map(({ id, error }) => ({ id, error: (error ?? '').slice(0, 500) })),
  };
}

/** A report that can't be written loses no result: the run ends without it, and says why. */
async function withReport(deps: Dependencies, { plan }: LoadedPlan, run: RunReport, begin: RunBegin): Promise<RunReport> {
  if (deps.writeReport === undefined) return run;
  try {
    // Metrics of the last steps belong into the report's curves.
    await deps.ledger.flush();
    const { home, store, ledger } = deps;
    return { ...run, report: await deps.writeReport({ home, store, ledger, run, plan, begin }) };
  } catch (error) {
    deps.warn(`The report of ${run.workflowId} could not be written: ${error instanceof Error ? error.message : String(error)}`);
    return run;
  }
}

async function afterReport({ afterReport: write, home, store, ledger, warn }: Dependencies): Promise<void> {
  await write?.({ home, store, ledger }).catch((error: unknown) => {
    warn(`The pages about all runs could not be written: ${error instanceof Error ? error.message : String(error)}`);
  });
}

/** One row for every element of a map. */
async function elementRows(
  deps: Dependencies,
  { run }: FinishRequest,
  plan: LoadedPlan,
  state: RunState,
  node: NodeReport,
): Promise<NodeRow[]> {
  const outputs = state.nodes[node.id]?.outputs ?? {};
  const first = Object.keys(plan.nodes[plan.indexOf.get(node.id) ?? -1]?.outputs ?? {})[0];
  const list = first === undefined ? undefined : outputs[first];
  const done = list === undefined ? [] : await deps.store.readJson<Mapped[]>(list);
  const failed = outputs['quarantined'] === undefined ? [] : await deps.store.readJson<Quarantined[]>(outputs['quarantined']);
  const row = { run: runName(run), node: node.id, task: node.task };
  return [
    ...done.map(({ id }): NodeRow => ({ ...row, item: id, status: 'done' })),
    ...failed.map(({ id, reason }): NodeRow => ({ ...row, item: id, status: 'failed', error: reason })),
  ];
}
