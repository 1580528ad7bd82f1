import type { PlannedNode } from '../../engine/plan/plan.ts';
import type { NodeReport, NodeStatus, RunIdentity, RunReport, RunStatus } from '../messages.ts';
import type { LoadedPlan } from '../plan/run-plan.ts';
import type { NodeState, RunState } from '../state.ts';

/** What is known about nodes that the state doesn't have: those that run right now, or ran when the run was canceled. */
export type OpenStatus = (n: number, above: readonly NodeStatus[]) => NodeStatus;

/** Every node as scripts get to see it, in the plan's order. */
export function nodeReports(plan: LoadedPlan, state: RunState, open: OpenStatus): NodeReport[] {
  const statuses: NodeStatus[] = [];
  return plan.nodes.map((node, n) => {
    const settled = state.nodes[node.id];
    const status =
      settled?.status ??
      open(
        n,
        (plan.upstream[n] ?? []).map((up) => statuses[up] ?? 'pending'),
      );
    statuses.push(status);
    return nodeReport(node, status, settled);
  });
}

function nodeReport(node: PlannedNode, status: NodeStatus, settled: NodeState | undefined): NodeReport {
  return {
    id: node.id,
    task: node.task,
    status,
    cache: settled?.cache ?? 'miss',
    key: settled?.key ?? '',
    attempts: settled?.attempts ?? 0,
    seconds: settled?.seconds ?? 0,
    outputs: Object.fromEntries(Object.entries(settled?.outputs ?? {}).map(([name, { digest, bytes }]) => [name, { digest, bytes }])),
    ...(status === 'waiting' && node.outputs['answer'] !== undefined ? { answer: node.outputs['answer'] } : {}),
    ...(settled?.error === undefined ? {} : { error: settled.error }),
    ...(settled?.elements === undefined ? {} : { elements: settled.elements }),
  };
}

export function runReport(run: RunIdentity, plan: LoadedPlan, nodes: readonly NodeReport[], status: RunStatus, now: number): RunReport {
  const failed = nodes.filter((node) => node.status === 'failed');
  const [first] = failed;
  return {
    workflowId: run.workflowId,
    runId: run.runId,
    pipeline: plan.plan.pipeline,
    status,
    seconds: Math.max(0, (now - run.startedAt) / 1000),
    report: null,
    nodes,
    ...(first === undefined
      ? {}
      : { error: `${failed.length} of ${nodes.length} nodes failed. The first, ${first.id}: ${first.error ?? ''}` }),
  };
}
