import type { WorkflowExecutionDescription } from '@temporalio/client';
import {
  ApplicationFailure,
  CancelledFailure,
  defaultPayloadConverter,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowNotFoundError,
} from '@temporalio/common';
import { nodeReports } from '../finish/report.ts';
import type { NodeReport, RunReport, RunResult, RunStatus } from '../messages.ts';
import { fromLedger, noSuchRun } from './from-ledger.ts';
import { readProgress } from './read-progress.ts';
import type { RunClient } from './run-client.ts';

/**
 * A run as `--json` prints it, while it goes on and after it ended; from the ledger when the server has forgotten it.
 * @throws SostenutoError `NO_SUCH_RUN`
 */
export async function describeRun(runs: RunClient, workflowId: string): Promise<RunReport> {
  let description: WorkflowExecutionDescription;
  try {
    description = await runs.client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    const known = await fromLedger(runs, workflowId);
    if (known !== undefined) return known;
    throw noSuchRun(workflowId, `Neither the server nor the ledger knows a run "${workflowId}".`);
  }
  return description.status.name === 'RUNNING' ? describeRunning(runs, description) : waitForRun(runs, workflowId);
}

/** How long a server may be away while somebody waits for a run. */
const patienceMs = 5 * 60_000;

/** Waits for the end of a run, whatever it is: a failed run is an answer, not an error; a server that goes away for a while is waited for. */
export async function waitForRun(runs: RunClient, workflowId: string): Promise<RunReport> {
  let awaySince: number | undefined;
  for (;;) {
    try {
      return await resultOf(runs, workflowId);
    } catch (error) {
      if (!isAway(error)) throw error;
      awaySince ??= Date.now();
      if (Date.now() - awaySince > patienceMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

/** gRPC's UNAVAILABLE and DEADLINE_EXCEEDED, or no connection at all. */
function isAway(error: unknown): boolean {
  const code: unknown = error instanceof Error && error.cause instanceof Error && 'code' in error.cause ? error.cause.code : undefined;
  return code === 14 || code === 4 || code === 'ECONNREFUSED';
}

async function resultOf(runs: RunClient, workflowId: string): Promise<RunReport> {
  try {
    const result: RunResult = await runs.client.workflow.getHandle(workflowId).result();
    return await runs.store.readJson<RunReport>(result.summary);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof ApplicationFailure) {
      const result: RunResult | undefined = cause.type === 'RUN_FAILED' ? (cause.details?.[0] as RunResult | undefined) : undefined;
      if (result !== undefined) return runs.store.readJson<RunReport>(result.summary);
      return { ...(await ended(runs, workflowId, 'failed')), error: cause.message };
    }
    if (cause instanceof CancelledFailure) return ended(runs, workflowId, 'canceled');
    if (cause instanceof TerminatedFailure) return ended(runs, workflowId, 'terminated');
    if (cause instanceof TimeoutFailure) return { ...(await ended(runs, workflowId, 'failed')), error: 'The run ran into its time limit.' };
    throw error;
  }
}

/** A run without a result: what its last words or its first row in the ledger say. */
async function ended(runs: RunClient, workflowId: string, status: RunStatus): Promise<RunReport> {
  const known = await fromLedger(runs, workflowId);
  if (known !== undefined) return { ...known, status };
  const { runId, startTime, closeTime } = await runs.client.workflow.getHandle(workflowId).describe();
  const seconds = closeTime === undefined ? 0 : (closeTime.getTime() - startTime.getTime()) / 1000;
  return { workflowId, runId, pipeline: '', status, seconds, report: null, nodes: [] };
}

async function describeRunning(runs: RunClient, description: WorkflowExecutionDescription): Promise<RunReport> {
  const { workflowId, startTime } = description;
  const { progress, position } = await readProgress(runs, workflowId);
  const report: RunReport = {
    workflowId,
    runId: progress.runId,
    pipeline: progress.pipeline,
    status: 'running',
    seconds: (Date.now() - startTime.getTime()) / 1000,
    report: null,
    nodes: [],
  };
  if (position === undefined) return report;
  const { plan, state } = position;
  const seen = new Map(progress.nodes.map((node) => [node.id, node]));
  const beats = heartbeats(description);
  const nodes = nodeReports(plan, state, (n) => seen.get(plan.nodes[n]?.id ?? '')?.status ?? 'pending').map((node): NodeReport => {
    const note = seen.get(node.id)?.note;
    const beat = beats.get(node.id);
    return {
      ...node,
      ...(note === undefined ? {} : { note }),
      ...(beat === undefined ? {} : { progress: beat.details, attempts: beat.attempt }),
    };
  });
  return { ...report, nodes, ...(progress.paused ? { paused: true } : {}) };
}

/** The newest heartbeat of each running node. */
function heartbeats(
  description: WorkflowExecutionDescription,
): Map<string, { details: NonNullable<NodeReport['progress']>; attempt: number }> {
  const beats = new Map<string, { details: NonNullable<NodeReport['progress']>; attempt: number }>();
  for (const { heartbeatDetails, attempt } of description.raw.pendingActivities ?? []) {
    const [payload] = heartbeatDetails?.payloads ?? [];
    if (payload === undefined || payload === null) continue;
    const details: unknown = defaultPayloadConverter.fromPayload(payload);
    if (typeof details !== 'object' || details === null || !('node' in details) || typeof details.node !== 'string') continue;
    beats.set(details.node, { details: { ...details, node: details.node }, attempt: attempt ?? 1 });
  }
  return beats;
}
