import type { RunRequest } from '../../activities/messages.ts';
import { withNamedModels } from '../../activities/plan/named-models.ts';
import { checkRequest, planOf } from '../../activities/plan/request.ts';
import type { Pipeline } from '../../engine/define/pipeline.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import type { Plan } from '../../engine/plan/plan.ts';
import { openStore, type Store } from '../../engine/store/store.ts';
import type { Config } from '../config/config.ts';
import { loadConfig, loadPipelines } from '../config/load.ts';

/** The project around the working directory, with its pipelines loaded. */
export interface Project {
  readonly config: Config;
  readonly pipelines: ReadonlyMap<string, Pipeline>;
}

export async function openProject(): Promise<Project> {
  const config = await loadConfig();
  return { config, pipelines: await loadPipelines(config) };
}

/** For verbs that only look at data. */
export const projectHome = async (): Promise<string> => (await loadConfig()).home;
export const openProjectStore = async (): Promise<Store> => openStore(await projectHome());

/**
 * The plan of a request, without a server. A wrong request is told here, before anything is started.
 * @throws SostenutoError with every problem of the request, the settings or the graph
 */
export async function checkedPlan({ config, pipelines }: Project, given: RunRequest): Promise<Plan> {
  const checked = checkRequest(given, pipelines);
  const open = async () => ({ store: await openStore(config.home), ledger: openLedger(config.home) });
  const request = await withNamedModels(checked.request, open);
  return planOf({ ...checked, request });
}
