import { defineSearchAttributeKey } from '@temporalio/common';
import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  ContinueAsNew,
  condition,
  continueAsNew,
  isCancellation,
  TemporalFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type CompactPlan,
  defaultPipeline,
  type FinishRequest,
  type RunIdentity,
  type RunRequest,
  type RunResult,
} from '../activities/messages.ts';
import { finishWithReport, local, planning } from './activities.ts';
import { Board } from './board.ts';
import { answerControls } from './controls.ts';
import { Run } from './run.ts';
import { scheduledRequest } from './window.ts';

/**
 * Runs a pipeline: `{"pipeline": "…", "preset": "…", "settings": {…}, "from": "…", "onFailure": "fail" | "wait"}`, every field with a default,
 * so that `{}` and no input at all run the demo. Wrong input fails at once and names every problem.
 */
export async function runPipeline(request?: RunRequest): Promise<RunResult> {
  try {
    return await execute(request);
  } catch (error) {
    if (error instanceof ContinueAsNew || isCancellation(error)) throw error;
    if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) {
      const { message, type, details } = error.cause;
      throw ApplicationFailure.create({ message, ...(type == null ? {} : { type }), nonRetryable: true, details: details ?? [] });
    }
    if (error instanceof TemporalFailure) throw error;
    // Anything else would make the workflow task fail and be repeated for ever.
    throw ApplicationFailure.nonRetryable(error instanceof Error ? (error.stack ?? error.message) : String(error), 'UNEXPECTED');
  }
}

async function execute(request: RunRequest | undefined): Promise<RunResult> {
  const resume = request?.resume;
  const { firstExecutionRunId, startTime, workflowId } = workflowInfo();
  const identity: RunIdentity = {
    workflowId,
    runId: resume?.runId ?? firstExecutionRunId,
    startedAt: resume?.startedAt ?? startTime.getTime(),
  };
  let run: Run | undefined;
  const pipeline = request?.pipeline ?? defaultPipeline;
  answerControls(
    () => run,
    () => ({ pipeline, status: 'running', paused: false, startedAt: identity.startedAt, runId: identity.runId, news: [], nodes: [] }),
  );
  const plan = await planning.plan(scheduledRequest(request ?? {}, scheduledTime() ?? identity.startedAt), identity);
  run = new Run(plan, await readBoard(plan, resume?.state), identity, resume?.state, resume?.paused ?? false);
  try {
    if ((await run.work()) === 'drained') await goOn(request, run);
    return await finish(run, 'completed');
  } catch (error) {
    if (!isCancellation(error)) throw error;
    const canceled = run;
    await CancellationScope.nonCancellable(async () => {
      const running = canceled.running;
      await canceled.drain();
      await finish(canceled, 'canceled', running).catch((failure: unknown) => {
        if (!(failure instanceof ApplicationFailure)) throw failure;
      });
    });
    throw error;
  }
}

/** When a schedule meant this run to start, which may be long before it did: after an outage, or in a backfill. */
function scheduledTime(): number | undefined {
  const [time] = workflowInfo().searchAttributes['TemporalScheduledStartTime'] ?? [];
  return time instanceof Date ? time.getTime() : undefined;
}

async function readBoard(plan: CompactPlan, state: Run['state']): Promise<Board> {
  const nodes = [...plan.nodes];
  while (nodes.length < plan.total) nodes.push(...(await planning.readPlan(plan.plan, state, nodes.length)));
  return new Board(nodes, plan.profiles);
}

/** The history is long: the same run goes on as a new execution, with its state by reference. */
async function goOn(request: RunRequest | undefined, run: Run): Promise<never> {
  await run.settleNews();
  if (!allHandlersFinished()) await condition(allHandlersFinished);
  await run.settleNews();
  const { plan, identity, paused, state } = run;
  if (state === undefined) throw ApplicationFailure.nonRetryable('The run has no state to go on with.', 'UNEXPECTED');
  return continueAsNew<typeof runPipeline>({
    ...request,
    resume: { plan: plan.plan, state, paused, startedAt: identity.startedAt, runId: identity.runId },
  });
}

/** Ledger and report are complete before the run ends, however it ends. */
async function finish(run: Run, ending: FinishRequest['ending'], running: readonly number[] = []): Promise<RunResult> {
  if (run.board.news.length > 24) await run.settleNews();
  const { plan, state, identity, board } = run;
  const request: FinishRequest = {
    plan: plan.plan,
    ...(state === undefined ? {} : { state }),
    run: identity,
    news: board.news,
    ending,
    running,
  };
  const result = plan.report ? await finishWithReport(request) : await local.finish(request);
  if (result.primaryMetric !== undefined && plan.attributes.some(({ name }) => name === 'PrimaryMetric')) {
    upsertSearchAttributes([{ key: defineSearchAttributeKey('PrimaryMetric', 'DOUBLE'), value: result.primaryMetric }]);
  }
  if (result.alert !== undefined && plan.attributes.some(({ name }) => name === 'Regression')) {
    upsertSearchAttributes([{ key: defineSearchAttributeKey('Regression', 'KEYWORD'), value: result.alert.measure.slice(0, 200) }]);
  }
  if (!allHandlersFinished()) await condition(allHandlersFinished);
  if (result.status !== 'failed') return result;
  const [first] = result.failed;
  const more = (result.counts['failed'] ?? 1) - 1;
  throw ApplicationFailure.nonRetryable(
    `${first?.id ?? 'A node'} failed${more > 0 ? ` and ${more} more` : ''}: ${first?.error ?? ''}`,
    'RUN_FAILED',
    result,
  );
}
