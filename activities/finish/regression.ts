import { readMeasuredRuns, readMeasures } from '../../engine/history/measured-runs.ts';
import { openRegistry } from '../../engine/registry/registry.ts';
import type { Dependencies } from '../dependencies.ts';
import type { RunIdentity } from '../messages.ts';
import type { LoadedPlan } from '../plan/run-plan.ts';
import { beginOf, runName } from '../rows.ts';
import type { AlertRule, RunAlert } from '../schedule-messages.ts';
import type { RunState } from '../state.ts';

/** What a measure is compared with. */
interface Standard {
  readonly value: number;
  readonly words: string;
}

/** Whether the run's measure is worse than its schedule's rule allows. Nothing to compare with, or no such measure, is no regression. */
export async function findRegression(
  deps: Dependencies,
  run: RunIdentity,
  plan: LoadedPlan,
  state: RunState,
): Promise<RunAlert | undefined> {
  const { schedule } = plan;
  const rule = schedule?.alert;
  if (schedule === undefined || rule === undefined) return undefined;
  const value = await measureOf(deps, plan, state, rule.measure);
  if (value === undefined) {
    deps.warn(`Schedule ${schedule.name} watches "${rule.measure}", which ${run.workflowId} did not measure.`);
    return undefined;
  }
  const standard = rule.champion === undefined ? await earlierRuns(deps, run, plan, rule) : await championOf(deps, rule);
  if (standard === undefined) return undefined;
  const worse = rule.better === 'lower' ? value - standard.value : standard.value - value;
  if (!(worse > (rule.margin ?? 0))) return undefined;
  const message = `${rule.measure} is ${short(value)}, worse than ${short(standard.value)} (${standard.words}) by more than ${rule.margin ?? 0}`;
  return { measure: rule.measure, value, against: standard.value, message };
}

/** Four significant digits; the alert has the whole values besides. */
const short = (value: number): number => Number(value.toPrecision(4));

async function measureOf(deps: Dependencies, plan: LoadedPlan, state: RunState, name: string): Promise<number | undefined> {
  for (const { id } of plan.nodes.toReversed()) {
    const found = (await readMeasures(deps.store, id, state.nodes[id]?.outputs['measures'])).find((one) => one.name === name);
    if (found !== undefined) return found.value;
  }
  return undefined;
}

/** The median of the last runs of the schedule that were meant for earlier times. */
async function earlierRuns(deps: Dependencies, run: RunIdentity, plan: LoadedPlan, rule: AlertRule): Promise<Standard | undefined> {
  await deps.ledger.flush();
  const { startedAt, scheduled } = beginOf(run, plan);
  const at = scheduled?.at ?? startedAt;
  const values = (await readMeasuredRuns(deps.store, deps.ledger))
    .filter((one) => one.schedule === scheduled?.schedule && one.at < at && one.run !== runName(run))
    .flatMap(({ measures }) => measures.findLast(({ name }) => name === rule.measure)?.value ?? [])
    .slice(-(rule.runs ?? 5))
    .sort((a, b) => a - b);
  const [low, high] = [values[(values.length - 1) >> 1], values[values.length >> 1]];
  if (low === undefined || high === undefined) return undefined;
  return { value: (low + high) / 2, words: values.length === 1 ? 'the run before' : `the median of ${values.length} runs before` };
}

async function championOf({ ledger, warn }: Dependencies, { champion = '', measure }: AlertRule): Promise<Standard | undefined> {
  const found = await openRegistry(ledger)
    .find(champion, 'champion')
    .catch(() => undefined);
  if (found?.measure === measure && found.value !== undefined)
    return { value: found.value, words: `the champion of ${champion}, version ${found.version}` };
  warn(`${measure} is not compared: the model ${champion} has no champion that was judged by it.`);
  return undefined;
}

const patienceMs = 5000;

/** Log and webhook. A webhook that does not answer is told in the log, and fails nothing. */
export async function tellRegression(deps: Dependencies, run: RunIdentity, { plan, schedule }: LoadedPlan, alert: RunAlert): Promise<void> {
  deps.warn(`REGRESSION in ${run.workflowId}: ${alert.message}`);
  if (deps.alertWebhook === undefined) return;
  try {
    const answer = await fetch(deps.alertWebhook, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        text: `${run.workflowId}: ${alert.message}`,
        run,
        pipeline: plan.pipeline,
        schedule: schedule?.name,
        at: schedule?.at,
        ...alert,
      }),
      signal: AbortSignal.timeout(patienceMs),
    });
    if (!answer.ok) deps.warn(`The alert's webhook answers ${answer.status}.`);
  } catch (error) {
    // The address may hold a secret: it is not repeated.
    deps.warn(`The alert's webhook cannot be reached: ${error instanceof Error ? error.name : 'unknown reason'}`);
  }
}
