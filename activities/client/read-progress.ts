import { draftOf, takeIn } from '../advance/news.ts';
import type { ProgressAnswer } from '../messages.ts';
import { type LoadedPlan, loadPlan } from '../plan/run-plan.ts';
import { loadState, type RunState } from '../state.ts';
import type { RunClient } from './run-client.ts';

/** What a run says about itself, with its plan and state as soon as there is a plan. */
export interface ReadProgress {
  readonly progress: ProgressAnswer;
  readonly position?: { readonly plan: LoadedPlan; readonly state: RunState };
}

/** Asks a run how far it is. Needs a worker, which answers. */
export async function readProgress(runs: Pick<RunClient, 'client' | 'store'>, workflowId: string): Promise<ReadProgress> {
  const progress = await runs.client.workflow.getHandle(workflowId).query<ProgressAnswer>('progress');
  if (progress.plan === undefined) return { progress };
  const plan = await loadPlan(runs.store, progress.plan);
  const draft = draftOf(await loadState(runs.store, progress.state));
  await takeIn(runs, draft, progress.news);
  return { progress, position: { plan, state: { format: 1, ...draft } } };
}
