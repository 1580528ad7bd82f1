import type { Artifact } from '../engine/define/ports.ts';
import { type RunBegin, scheduledTrigger } from '../engine/history/measured-runs.ts';
import type { ArtifactRow, MetricRow, NodeRow, RunRow } from '../engine/ledger/tables.ts';
import type { PlannedNode } from '../engine/plan/plan.ts';
import type { RunIdentity, RunReport } from './messages.ts';
import type { LoadedPlan, RunPlan } from './plan/run-plan.ts';
import type { RunState } from './state.ts';

/** How a run is named in the ledger: a workflow id can be used again, so the first execution's id stands beside it. */
export const runName = ({ workflowId, runId }: Pick<RunIdentity, 'workflowId' | 'runId'>): string => `${workflowId}/${runId}`;

/** The workflow id in a run's name. */
export const workflowOf = (run: string): string => run.slice(0, run.lastIndexOf('/'));

/** Output, of no node, under which a run's whole report is an artifact: it outlives the server's memory. */
export const summaryOutput = 'summary' as const;

/** A time in milliseconds since 1970 as rows and records hold it: ISO 8601. */
export const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** A schedule's run that does not know its time was meant for the time at which it began. */
export function beginOf(run: Pick<RunIdentity, 'startedAt'>, { schedule }: Pick<RunPlan, 'schedule'>): RunBegin {
  const startedAt = iso(run.startedAt);
  return { startedAt, ...(schedule && { scheduled: { schedule: schedule.name, at: schedule.at ?? startedAt } }) };
}

/** What belongs to a run as a whole and to no node: collection of garbage must not take it while the run is kept. */
export const runArtifact = (run: RunIdentity, output: 'plan' | 'state' | typeof summaryOutput, artifact: Artifact): ArtifactRow => ({
  run: runName(run),
  node: '',
  output,
  ...artifact,
});

/** A run's first row: a run that ends without its last word is still known. */
export function startedRow(run: RunIdentity, planned: Pick<RunPlan, 'plan' | 'schedule'>): RunRow {
  const { startedAt, scheduled } = beginOf(run, planned);
  const { pipeline, preset, settings } = planned.plan;
  return {
    run: runName(run),
    pipeline,
    preset,
    status: 'running',
    ...(scheduled && { trigger: scheduledTrigger(scheduled) }),
    startedAt,
    settings: JSON.stringify(settings),
  };
}

export const metricRow = (
  run: RunIdentity,
  node: string,
  name: string,
  step: number,
  value: number,
  now: number,
  item?: string,
): MetricRow => ({
  run: runName(run),
  node,
  ...(item === undefined ? {} : { item }),
  name,
  step,
  value,
  at: iso(now),
});

/** Where a training stands while its run goes on; the row of the run's end replaces it. */
export const trainingRow = (
  run: RunIdentity,
  { id, task, queue }: Pick<PlannedNode, 'id' | 'task' | 'queue'>,
  standing: Pick<NodeRow, 'status' | 'key' | 'attempts' | 'startedAt' | 'endedAt' | 'seconds' | 'error'>,
): NodeRow => ({ run: runName(run), node: id, task, queue, cache: 'miss', ...standing });

/** Everything about a finished run. */
export function finishedRows(
  run: RunIdentity,
  plan: LoadedPlan,
  state: RunState,
  report: RunReport,
  now: number,
): { run: RunRow; nodes: NodeRow[]; artifacts: ArtifactRow[] } {
  const name = runName(run);
  return {
    run: {
      ...startedRow(run, plan),
      status: report.status,
      endedAt: iso(now),
      seconds: report.seconds,
      ...(report.report === null ? {} : { report: report.report }),
      ...(report.error === undefined ? {} : { error: report.error }),
    },
    nodes: report.nodes.map((node, n) => ({
      run: name,
      node: node.id,
      task: node.task,
      status: node.status,
      cache: node.cache,
      key: node.key,
      attempts: node.attempts,
      queue: plan.nodes[n]?.queue ?? '',
      seconds: node.seconds,
      ...(node.error === undefined ? {} : { error: node.error }),
    })),
    artifacts: report.nodes.flatMap((node) =>
      Object.entries(state.nodes[node.id]?.outputs ?? {}).map(([output, { form, digest, bytes }]) => ({
        run: name,
        node: node.id,
        output,
        form,
        digest,
        bytes,
      })),
    ),
  };
}
