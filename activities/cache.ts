import { type ActionRecord, findAction, recordAction, thisMachine } from '../engine/actions/actions.ts';
import type { Artifact } from '../engine/define/ports.ts';
import type { Fingerprint } from '../engine/fingerprint/fingerprint.ts';
import { type KeyedNode, nodeKey } from '../engine/keys/keys.ts';
import type { Lease } from '../engine/leases/leases.ts';
import type { PlannedNode } from '../engine/plan/plan.ts';
import { SostenutoError } from '../errors/problem.ts';
import type { Dependencies } from './dependencies.ts';
import type { Outputs } from './messages.ts';
import type { LoadedPlan } from './plan/run-plan.ts';
import { iso } from './rows.ts';

/** Artifacts that a node reads. Of a map, `over` is the list of its elements. */
export interface NodeInputs {
  readonly inputs: Outputs;
  readonly over?: Artifact;
}

/** Gates have no code: what decides is the question and what it is about. */
const gateCode: Fingerprint = { digest: 'gate', modules: {} };

export function codeOf(plan: LoadedPlan, node: PlannedNode): Fingerprint {
  if (node.kind === 'gate') return gateCode;
  const code = plan.plan.code[node.task];
  if (code !== undefined) return code;
  throw new SostenutoError({ code: 'NO_FINGERPRINT', what: `The plan has no code fingerprint for task "${node.task}".`, where: node.id });
}

/** The inputs of a node once everything upstream has its outputs, else undefined. */
export function inputsOf(node: PlannedNode, outputs: (id: string) => Outputs | undefined): NodeInputs | undefined {
  const inputs: Record<string, Artifact> = {};
  for (const [name, { node: id, output }] of Object.entries(node.inputs)) {
    const artifact = outputs(id)?.[output];
    if (artifact === undefined) return undefined;
    inputs[name] = artifact;
  }
  if (node.over === undefined) return { inputs };
  const over = outputs(node.over.node)?.[node.over.output];
  return over === undefined ? undefined : { inputs, over };
}

const digests = (inputs: Outputs): Record<string, string> =>
  Object.fromEntries(Object.entries(inputs).map(([name, artifact]) => [name, artifact.digest]));

/** All that the result of a task, or of one element of a map, depends on. */
export function keyed(plan: LoadedPlan, node: PlannedNode, inputs: Outputs, item?: unknown): KeyedNode {
  return {
    task: node.task,
    params: paramsOf(node),
    ...(item === undefined ? {} : { item }),
    inputs: digests(inputs),
    code: codeOf(plan, node).digest,
  };
}

/** What a node was told; of a gate, with its question. */
export const paramsOf = (node: PlannedNode): unknown =>
  node.kind === 'gate' ? Object.assign({}, node.params, { question: node.question ?? '' }) : node.params;

/** The key under which a whole node is recorded: a task's own; of a map, with the list. */
export function wholeKey(plan: LoadedPlan, node: PlannedNode, { inputs, over }: NodeInputs): string {
  const whole = keyed(plan, node, inputs);
  return nodeKey(over === undefined ? whole : { ...whole, task: `${whole.task}[]`, inputs: { ...whole.inputs, '[]': over.digest } });
}

/** The record under a key, unless the run wants the node again and the record is from before. */
export async function lookUp(deps: Dependencies, plan: LoadedPlan, node: PlannedNode, key: string): Promise<ActionRecord | undefined> {
  const record = await findAction(deps.store, key);
  if (record === undefined || !plan.forcedNodes.has(node.id)) return record;
  return plan.since !== undefined && record.startedAt >= plan.since ? record : undefined;
}

export interface Finding {
  readonly key: string;
  readonly inputs: Outputs;
  readonly item?: unknown;
  readonly outputs: Outputs;
  readonly startedAt: number;
  readonly seconds: number;
  readonly attempts: number;
  readonly adoptedFrom?: string;
  readonly trajectory?: string;
}

/** Makes a result known under its key; refused when a newer owner has taken over. */
export async function record(deps: Dependencies, plan: LoadedPlan, node: PlannedNode, found: Finding, lease?: Lease): Promise<void> {
  const { key, inputs, item, outputs, seconds, attempts, adoptedFrom, trajectory } = found;
  const action: ActionRecord = {
    format: 1,
    key,
    task: node.task,
    node: node.id,
    pipeline: plan.plan.pipeline,
    params: paramsOf(node),
    inputs: digests(inputs),
    ...(item === undefined ? {} : { item }),
    outputs,
    code: codeOf(plan, node),
    ...(deps.backend === undefined ? {} : { backend: deps.backend }),
    machine: thisMachine(),
    startedAt: iso(found.startedAt),
    seconds,
    attempts,
    token: lease?.token ?? 0,
    ...(adoptedFrom === undefined ? {} : { adoptedFrom }),
    ...(trajectory === undefined ? {} : { trajectory }),
  };
  await recordAction(deps.store, action, lease);
}
