import { inputsOf, keyed, wholeKey } from '../../activities/cache.ts';
import type { Outputs, RunRequest } from '../../activities/messages.ts';
import { takeFingerprints } from '../../activities/plan/fingerprints.ts';
import { indexPlan, type LoadedPlan, noSuchNode, withEverythingBelow } from '../../activities/plan/run-plan.ts';
import { findAction } from '../../engine/actions/actions.ts';
import { type Explanation, explainNode } from '../../engine/explain/explain.ts';
import { describeExplanation } from '../../engine/explain/words.ts';
import type { PlannedNode } from '../../engine/plan/plan.ts';
import { openStore, type Store } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { statusSigns } from '../display/words.ts';
import { checkedPlan, type Project } from './project.ts';

/** What a run with this request would find for a node. */
export interface NodeExplanation {
  readonly node: string;
  readonly decision: 'reused' | 'run' | 'undecided';
  /** Nodes that would run first and whose outputs decide. */
  readonly after?: readonly string[];
  readonly explanation?: Explanation;
  /** For a person. */
  readonly line: string;
}

/** Explains nodes of a request in the plan's order, without running anything. No names: all nodes. */
export async function explainRequest(project: Project, request: RunRequest, names: readonly string[]): Promise<NodeExplanation[]> {
  const { config } = project;
  const plan = await checkedPlan(project, request);
  for (const name of names)
    if (!plan.nodes.some(({ id }) => id === name)) throw new SostenutoError({ ...noSuchNode(name, plan.nodes), where: 'nodes' });
  const store = await openStore(config.home);
  const code = await takeFingerprints({ home: config.home, projectRoot: config.root }, plan.nodes);
  const forced = request.from === undefined ? [] : withEverythingBelow(plan.nodes, request.from);
  // The plan is only looked at, so it needs no place in the store.
  const loaded = indexPlan({ format: 1, plan: { ...plan, code }, forced }, { form: 'json', digest: '', bytes: 0 });
  const known = new Map<string, Outputs>();
  const explained: NodeExplanation[] = [];
  for (const node of loaded.nodes) {
    const found = await explainPlanned(store, loaded, node, known);
    if (names.length === 0 || names.includes(node.id)) explained.push(found);
  }
  return explained;
}

async function explainPlanned(store: Store, plan: LoadedPlan, node: PlannedNode, known: Map<string, Outputs>): Promise<NodeExplanation> {
  const given = inputsOf(node, (id) => known.get(id));
  if (given === undefined) {
    const after = (plan.upstream[plan.indexOf.get(node.id) ?? -1] ?? []).map((n) => plan.nodes[n]?.id ?? '').filter((id) => !known.has(id));
    return {
      node: node.id,
      decision: 'undecided',
      after,
      line: `${statusSigns.pending} ${node.id}: decided by what ${after.join(', ')} will make`,
    };
  }
  const key = wholeKey(plan, node, given);
  const all = keyed(plan, node, { ...given.inputs, ...(given.over === undefined ? {} : { '[]': given.over }) });
  const action = await findAction(store, key);
  const explanation = await explainNode(store, {
    node: node.id,
    task: node.task,
    key,
    params: all.params,
    inputs: all.inputs,
    code: plan.plan.code[node.task] ?? { digest: 'gate', modules: {} },
    upstream: { ...node.inputs, ...(node.over === undefined ? {} : { '[]': node.over }) },
    isForced: plan.forcedNodes.has(node.id),
    isHit: action !== undefined,
  });
  if (explanation.decision === 'reused' && action !== undefined) known.set(node.id, action.outputs);
  const sign = explanation.decision === 'reused' ? statusSigns.done : statusSigns.running;
  return { node: node.id, decision: explanation.decision, explanation, line: `${sign} ${describeExplanation(explanation)}` };
}
