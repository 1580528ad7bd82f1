import type { PlannedNode } from '../../engine/plan/plan.ts';
import type { CompactNode, Profile } from '../messages.ts';
import type { RunState } from '../state.ts';
import type { LoadedPlan } from './run-plan.ts';

/** Bytes of nodes in one payload: well below 32 KiB together with the rest of the answer. */
const pageBytes = 20_000;

const profileOf = (node: PlannedNode): Profile => ({
  task: node.task,
  kind: node.kind,
  queue: node.queue,
  runs: node.runs,
  timeout: node.timeout,
  heartbeatSeconds: node.heartbeatSeconds,
  maxFailures: node.maxFailures,
});

/** The distinct profiles of a plan, in the order of their first node, and the profile of each node. */
export function profilesOf(plan: LoadedPlan): { profiles: Profile[]; of: number[] } {
  const index = new Map<string, number>();
  const profiles: Profile[] = [];
  const of = plan.nodes.map((node) => {
    const profile = profileOf(node);
    const text = JSON.stringify(profile);
    const known = index.get(text);
    if (known !== undefined) return known;
    index.set(text, profiles.length);
    return profiles.push(profile) - 1;
  });
  return { profiles, of };
}

const answerForm = ({ kind, outputs: { answer } }: PlannedNode): Pick<CompactNode, 'a'> =>
  kind !== 'gate' || answer === undefined ? {} : { a: answer };

/** As many nodes from index `from` on as fit into one payload. */
export function compactNodes(plan: LoadedPlan, state: RunState | undefined, from: number): CompactNode[] {
  const { of } = profilesOf(plan);
  const page: CompactNode[] = [];
  let bytes = 0;
  for (let i = from; i < plan.nodes.length && bytes < pageBytes; i++) {
    const node = plan.nodes[i];
    if (node === undefined) break;
    const settled = state?.nodes[node.id];
    const compact: CompactNode = {
      id: node.id,
      p: of[i] ?? 0,
      ...((plan.upstream[i]?.length ?? 0) > 0 ? { d: plan.upstream[i] ?? [] } : {}),
      ...(node.question === undefined ? {} : { q: node.question.slice(0, 500) }),
      ...answerForm(node),
      ...(settled === undefined ? {} : { s: settled.status, ...(settled.cache === undefined ? {} : { c: settled.cache }) }),
    };
    bytes += JSON.stringify(compact).length + 1;
    page.push(compact);
  }
  return page;
}
