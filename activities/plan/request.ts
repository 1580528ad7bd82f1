import type { Pipeline } from '../../engine/define/pipeline.ts';
import { type Plan, planPipeline } from '../../engine/plan/plan.ts';
import { type Problem, SostenutoError } from '../../errors/problem.ts';
import { defaultPipeline, type RunRequest, reservedNames } from '../messages.ts';
import type { Pipelines } from './registry.ts';
import { noSuchNode } from './run-plan.ts';

const fields = ['pipeline', 'preset', 'settings', 'from', 'adopt', 'onFailure', 'schedule', 'resume'] as const;
const shown = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 200);

/** A request with its pipeline found. */
export interface CheckedRequest {
  readonly request: RunRequest;
  readonly pipeline: Pipeline;
}

/**
 * Checks the shape of whatever somebody typed into a start form. Settings and nodes are checked by the plan.
 * @throws SostenutoError `BAD_REQUEST` with every problem: field, what was found, what is allowed.
 */
export function checkRequest(given: unknown, pipelines: Pipelines): CheckedRequest {
  const value = given ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new SostenutoError(bad('input', given, `one JSON object with the fields ${fields.join(', ')}; all of them may be left out`));
  }
  const request: Record<string, unknown> = { ...value };
  const problems: Problem[] = [];
  for (const name of Object.keys(request)) {
    if (!(fields as readonly string[]).includes(name))
      problems.push({
        ...bad(name, request[name], `one of the fields ${fields.join(', ')}`),
        what: `There is no field "${name}" in a run's input.`,
      });
  }
  for (const name of ['pipeline', 'preset', 'from', 'adopt'] as const) {
    const found = request[name];
    if (found !== undefined && (typeof found !== 'string' || found === '')) problems.push(bad(name, found, 'a text that is not empty'));
  }
  if (request['onFailure'] !== undefined && request['onFailure'] !== 'fail' && request['onFailure'] !== 'wait')
    problems.push(bad('onFailure', request['onFailure'], '"fail" or "wait"'));
  const settings = request['settings'];
  if (settings !== undefined && (typeof settings !== 'object' || settings === null || Array.isArray(settings)))
    problems.push(bad('settings', settings, 'an object'));
  const { schedule } = request;
  if (schedule !== undefined && typeof Object(schedule).name !== 'string')
    problems.push(bad('schedule', schedule, 'what `sostenuto schedule apply` writes, or nothing'));
  const name = request['pipeline'] ?? defaultPipeline;
  const pipeline = typeof name === 'string' ? pipelines.get(name) : undefined;
  if (pipeline === undefined) {
    if (typeof name === 'string' && name !== '')
      problems.push(bad('pipeline', name, `one of ${[...pipelines.keys()].map(shown).join(', ')}`));
  } else if (typeof request['preset'] === 'string' && request['preset'] !== '' && !(request['preset'] in pipeline.presets)) {
    problems.push(bad('preset', request['preset'], `one of ${Object.keys(pipeline.presets).map(shown).join(', ')}`));
  }
  if (problems.length > 0 || pipeline === undefined) throw new SostenutoError(problems);
  return { request: request as RunRequest, pipeline };
}

/**
 * The plan of a request that was checked, and whose models are named by digests.
 * @throws SostenutoError with every problem of the settings or the graph; `RESERVED_NAME`, `NO_SUCH_NODE`
 */
export function planOf({ pipeline, request }: CheckedRequest): Plan {
  const plan = planPipeline(pipeline, request);
  const reserved = plan.nodes.find(({ task }) => reservedNames.includes(task));
  if (reserved !== undefined)
    throw new SostenutoError({
      code: 'RESERVED_NAME',
      what: `A task may not be called "${reserved.task}".`,
      where: reserved.id,
      expected: `a name that is none of ${reservedNames.join(', ')}`,
    });
  const { from } = request;
  if (from !== undefined && !plan.nodes.some(({ id }) => id === from)) throw new SostenutoError(noSuchNode(from, plan.nodes));
  return plan;
}

const bad = (field: string, found: unknown, expected: string): Problem => ({
  code: 'BAD_REQUEST',
  what: `The field "${field}" of the run's input is wrong.`,
  where: field,
  found: shown(found),
  expected,
});
