import type { Dependencies } from '../dependencies.ts';
import { applicationFailure } from '../failures.ts';
import type { Attribute, CompactNode, CompactPlan, Resume, RunIdentity, RunRequest } from '../messages.ts';
import { iso, runArtifact, startedRow } from '../rows.ts';
import { loadState, type RunState } from '../state.ts';
import { type SearchAttribute, searchAttributeNames } from '../worker/search-attributes.ts';
import { resolveAdoption } from './adoption.ts';
import { compactNodes, profilesOf } from './compact.ts';
import { takeFingerprints } from './fingerprints.ts';
import { withNamedModels } from './named-models.ts';
import { checkRequest, planOf } from './request.ts';
import { indexPlan, type LoadedPlan, loadPlan, type RunPlan, withEverythingBelow } from './run-plan.ts';

/** Turns a request into a plan in the store. Bad input fails at once, with all its problems. */
export function createPlanActivities(deps: Dependencies) {
  return {
    async plan(given: unknown, run: RunIdentity): Promise<CompactPlan> {
      try {
        return await planRun(deps, given, run);
      } catch (error) {
        throw applicationFailure(error, 1);
      }
    },
    /** Further nodes of a plan that didn't fit into one answer. */
    async readPlan(ref: CompactPlan['plan'], state: Resume['state'] | undefined, from: number): Promise<CompactNode[]> {
      return compactNodes(await loadPlan(deps.store, ref), state === undefined ? undefined : await loadState(deps.store, state), from);
    },
  };
}

async function planRun(deps: Dependencies, given: unknown, run: RunIdentity): Promise<CompactPlan> {
  const checked = checkRequest(given, await deps.pipelines());
  const request = await withNamedModels(checked.request, async () => deps);
  if (request.resume !== undefined) {
    return compactPlan(deps, await loadPlan(deps.store, request.resume.plan), request, await loadState(deps.store, request.resume.state));
  }
  const plan = planOf({ ...checked, request });
  const { from } = request;
  const code = await takeFingerprints(deps, plan.nodes);
  const stored: RunPlan = {
    format: 1,
    plan: { ...plan, code },
    forced: from === undefined ? [] : withEverythingBelow(plan.nodes, from),
    ...(from === undefined ? {} : { since: iso(run.startedAt) }),
    ...(request.adopt === undefined ? {} : { adopt: await resolveAdoption(deps.store, plan.nodes, request.adopt) }),
    ...(request.schedule === undefined ? {} : { schedule: request.schedule }),
  };
  const ref = await deps.store.putJson(stored);
  deps.ledger.append('runs', [startedRow(run, stored)]);
  deps.ledger.append('artifacts', [runArtifact(run, 'plan', ref)]);
  return compactPlan(deps, indexPlan(stored, ref), request, undefined);
}

async function compactPlan(deps: Dependencies, plan: LoadedPlan, request: RunRequest, state: RunState | undefined): Promise<CompactPlan> {
  const known = await deps.searchAttributes();
  const { pipeline, preset, settings } = plan.plan;
  const values: Partial<Record<SearchAttribute, string | undefined>> = {
    Pipeline: pipeline,
    Dataset: named(settings, 'dataset'),
    Model: named(settings, 'model'),
  };
  return {
    plan: plan.ref,
    pipeline,
    preset,
    onFailure: request.onFailure ?? 'fail',
    profiles: profilesOf(plan).profiles,
    total: plan.nodes.length,
    nodes: compactNodes(plan, state, 0),
    attributes: searchAttributeNames.filter((name) => known.has(name)).map((name): Attribute => ({ name, value: values[name] })),
    report: deps.writeReport !== undefined,
  };
}

/** A setting of this name, if the pipeline has one and it is a word; else the preset says enough. */
function named(settings: unknown, name: string): string | undefined {
  if (typeof settings !== 'object' || settings === null) return undefined;
  const value: unknown = Object.entries(settings).find(([key]) => key === name)?.[1];
  return typeof value === 'string' ? value : undefined;
}
