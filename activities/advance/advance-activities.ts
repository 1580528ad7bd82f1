import type { Quarantined } from '../../engine/define/pipeline.ts';
import type { Artifact } from '../../engine/define/ports.ts';
import type { Dependencies } from '../dependencies.ts';
import { applicationFailure, errorData } from '../failures.ts';
import type { Advance, AdvanceRequest } from '../messages.ts';
import { loadPlan } from '../plan/run-plan.ts';
import { runArtifact } from '../rows.ts';
import { loadState, saveState } from '../state.ts';
import { draftOf, takeIn } from './news.ts';
import { walkPlan } from './walk.ts';

/** Moves a run on as far as possible without a worker's slot. An unchanged run of any size is this one call. */
export function createAdvanceActivities(deps: Dependencies, signal: () => AbortSignal) {
  return {
    async advance(request: AdvanceRequest): Promise<Advance> {
      try {
        return await advanceRun(deps, request, signal());
      } catch (error) {
        const { retryable, message } = errorData(error);
        if (retryable === true) deps.warn(`${request.run.workflowId} waits: ${message}`);
        throw applicationFailure(error, 1);
      }
    },
    async joinQuarantine(lists: readonly Artifact[]): Promise<Artifact> {
      const parts = await Promise.all(lists.map((list) => deps.store.readJson<Quarantined[]>(list)));
      return deps.store.putJson(parts.flat());
    },
  };
}

async function advanceRun(deps: Dependencies, request: AdvanceRequest, signal: AbortSignal): Promise<Advance> {
  const plan = await loadPlan(deps.store, request.plan);
  const draft = draftOf(await loadState(deps.store, request.state));
  await takeIn(deps, draft, request.news);
  const save = async (): Promise<Artifact> => {
    const state = await saveState(deps.store, { format: 1, ...draft });
    deps.ledger.append('artifacts', [runArtifact(request.run, 'state', state)]);
    return state;
  };
  if (request.hold) return { state: await save(), hits: [], ran: [], failed: [], ready: [], gates: [], more: false };
  const end = performance.now() + (deps.sliceMs ?? 2000);
  const walk = await walkPlan(deps, plan, draft, new Set(request.busy), {
    run: request.run,
    signal,
    isOver: () => performance.now() >= end || signal.aborted,
    mayExecute: true,
  });
  return { state: await save(), ...walk };
}
