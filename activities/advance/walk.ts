import type { Artifact } from '../../engine/define/ports.ts';
import type { PlannedNode } from '../../engine/plan/plan.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { inParallel } from '../batches.ts';
import { inputsOf, lookUp, type NodeInputs, record, wholeKey } from '../cache.ts';
import type { Dependencies } from '../dependencies.ts';
import { errorData } from '../failures.ts';
import type { ReadyNode } from '../messages.ts';
import type { LoadedPlan } from '../plan/run-plan.ts';
import type { NodeState } from '../state.ts';
import { implementationHere, runLight } from '../tasks/run-here.ts';
import { type MapStep, type Slice, stepMap } from './map.ts';
import { type Draft, unsettled } from './news.ts';

/** What a walk came to; indices into the plan's nodes. */
export interface Walk {
  readonly hits: number[];
  readonly ran: number[];
  readonly failed: { n: number; message: string }[];
  readonly ready: ReadyNode[];
  readonly gates: number[];
  more: boolean;
}
/** An answer has to fit into one payload. */
const limits = { ready: 150, failed: 40, settled: 3000 };

/**
 * Follows the plan as far as it goes without a worker's slot: look-ups first, transitively through hits; then light tasks, which may make
 * further nodes ready. Whatever needs an activity is handed out before light work holds it up.
 */
export async function walkPlan(deps: Dependencies, plan: LoadedPlan, draft: Draft, busy: ReadonlySet<number>, slice: Slice): Promise<Walk> {
  const walk: Walk = { hits: [], ran: [], failed: [], ready: [], gates: [], more: false };
  const downstream: number[][] = plan.nodes.map(() => []);
  plan.upstream.forEach((ups, n) => {
    for (const up of ups) downstream[up]?.push(n);
  });
  const stateOf = (n: number): NodeState | undefined => draft.nodes[plan.nodes[n]?.id ?? ''];
  const outputs = (id: string) => (draft.nodes[id]?.status === 'done' ? draft.nodes[id]?.outputs : undefined);
  const isOpen = (n: number): boolean =>
    !busy.has(n) && stateOf(n) === undefined && (plan.upstream[n] ?? []).every((up) => stateOf(up)?.status === 'done');
  const isFull = (): boolean =>
    walk.ready.length >= limits.ready || walk.failed.length >= limits.failed || walk.hits.length + walk.ran.length >= limits.settled;

  let frontier = plan.nodes.flatMap((_, n) => (isOpen(n) ? [n] : []));
  const settle = (n: number, node: PlannedNode, state: NodeState): void => {
    draft.nodes[node.id] = state;
    delete draft.maps[node.id];
    delete draft.decisions[node.id];
    if (state.status === 'failed') walk.failed.push({ n, message: (state.error ?? '').slice(0, 300) });
    else (state.cache === 'hit' ? walk.hits : walk.ran).push(n);
    for (const d of downstream[n] ?? []) if (isOpen(d) && !frontier.includes(d)) frontier.push(d);
  };
  const fail = (n: number, node: PlannedNode, error: unknown, attempts = 1): void => {
    const data = errorData(error);
    if (data.retryable === true) throw error;
    settle(n, node, { ...unsettled, status: 'failed', attempts, error: data.message });
  };

  const light: { n: number; node: PlannedNode; given: NodeInputs }[] = [];
  const lookAt = async (n: number): Promise<void> => {
    const node = plan.nodes[n];
    const given = node === undefined ? undefined : inputsOf(node, outputs);
    if (node === undefined || given === undefined) return;
    if (node.kind === 'map') {
      await tryMap(n, node, given, false);
      return;
    }
    const key = wholeKey(plan, node, given);
    const found = await lookUp(deps, plan, node, key);
    if (found !== undefined) settle(n, node, { status: 'done', cache: 'hit', key, outputs: found.outputs, seconds: 0, attempts: 0 });
    else if (node.kind === 'gate') await decide(n, node, given, key);
    else if (node.runs === 'local' && (await implementationHere(deps, plan, node)) !== undefined) light.push({ n, node, given });
    else walk.ready.push({ n });
  };

  /** Approvals are remembered for the same content; refusals aren't, so that somebody may think again in another run. */
  const decide = async (n: number, node: PlannedNode, given: NodeInputs, key: string): Promise<void> => {
    const decided = draft.decisions[node.id];
    if (decided === undefined) {
      walk.gates.push(n);
      return;
    }
    const { decision, answer } = decided;
    if (answer !== undefined && !(await deps.store.has(answer))) {
      fail(n, node, answerMissing(node, answer));
      return;
    }
    const stored = { decision: await deps.store.putJson(decision), ...(answer === undefined ? {} : { answer }) };
    if (decision.approved)
      await record(deps, plan, node, { key, inputs: given.inputs, outputs: stored, startedAt: deps.now(), seconds: 0, attempts: 1 });
    settle(n, node, { status: 'done', cache: 'miss', key, outputs: stored, seconds: 0, attempts: 1 });
  };

  const tryMap = async (n: number, node: PlannedNode, given: NodeInputs, mayExecute: boolean): Promise<void> => {
    let step: MapStep;
    try {
      step = await stepMap(deps, plan, node, given, draft.maps[node.id], { ...slice, mayExecute });
    } catch (error) {
      fail(n, node, error);
      return;
    }
    if ('settled' in step) settle(n, node, step.settled);
    else if ('ready' in step) walk.ready.push({ n, map: step.ready });
    else {
      draft.maps[node.id] = step.partial;
      light.push({ n, node, given });
    }
  };

  const execute = async ({ n, node, given }: (typeof light)[number]): Promise<void> => {
    if (node.kind === 'map') return tryMap(n, node, given, true);
    const implementation = await implementationHere(deps, plan, node);
    const key = wholeKey(plan, node, given);
    if (implementation === undefined) {
      walk.ready.push({ n });
      return;
    }
    const result = await runLight(deps, plan, node, implementation, { key, inputs: given.inputs }, slice.run, slice.signal);
    if ('outputs' in result) settle(n, node, { status: 'done', cache: 'miss', key, ...result });
    else if (result.error.retryable === true) walk.ready.push({ n });
    else settle(n, node, { ...unsettled, status: 'failed', attempts: result.attempts, error: result.error.message });
  };

  for (;;) {
    while (frontier.length > 0 && !isFull()) {
      const batch = frontier.slice(0, 256);
      frontier = frontier.slice(256);
      await inParallel(batch, 32, lookAt);
      if (slice.isOver()) break;
    }
    if (frontier.length > 0) walk.more = true;
    if (light.length === 0 || walk.more) break;
    // Activities start while light work goes on in the next call.
    if (walk.ready.length > 0 || slice.isOver()) break;
    const batch = light.splice(0, 32);
    await inParallel(batch, 8, execute);
  }
  if (light.length > 0) walk.more = true;
  return walk;
}

const answerMissing = (node: PlannedNode, { digest }: Artifact): SostenutoError =>
  new SostenutoError({
    code: 'OBJECT_MISSING',
    what: `The answer that was given at gate "${node.id}" is not in this run's store.`,
    where: node.id,
    found: digest,
    expected: 'content that was stored under the same SOSTENUTO_HOME',
  });
