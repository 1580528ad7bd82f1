import { existsSync } from 'node:fs';
import type { Context } from '@temporalio/activity';
import type { ActionRecord } from '../../engine/actions/actions.ts';
import type { Checkpoint } from '../../engine/define/task.ts';
import type { Fingerprint } from '../../engine/fingerprint/fingerprint.ts';
import { nodeKey } from '../../engine/keys/keys.ts';
import type { Lease } from '../../engine/leases/leases.ts';
import type { NodeRow } from '../../engine/ledger/tables.ts';
import type { PlannedNode } from '../../engine/plan/plan.ts';
import { checkpointsPath } from '../../engine/store/layout.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { codeOf, keyed, lookUp, record } from '../cache.ts';
import type { ChildPool } from '../child/pool.ts';
import { type ChildLimits, type ChildRunner, defaultLimits } from '../child/runner.ts';
import type { Dependencies } from '../dependencies.ts';
import { errorData, isWorthRetrying } from '../failures.ts';
import type { NodeOutcome, Outputs, RunIdentity } from '../messages.ts';
import { takeFingerprints } from '../plan/fingerprints.ts';
import type { LoadedPlan } from '../plan/run-plan.ts';
import { iso, metricRow, runName, trainingRow } from '../rows.ts';
import { checkpointPlan, openTaskCheckpoints } from '../tasks/checkpoints.ts';
import { implementationHere } from '../tasks/run-here.ts';
import { runTask } from '../tasks/run-task.ts';
import type { Heartbeats } from './heartbeats.ts';
import { takeLease } from './lease.ts';

/** One execution of a task: a whole node, or one element of a map. */
export interface Execution {
  readonly deps: Dependencies;
  readonly context: Context;
  readonly plan: LoadedPlan;
  readonly node: PlannedNode;
  readonly run: RunIdentity;
  readonly inputs: Outputs;
  readonly element?: { readonly id: string; readonly item: unknown };
  readonly beats: Heartbeats;
  /** Keeps a child process for the next element. */
  readonly child: ChildSlot;
}

/** The child process of an activity, started when it is first needed. */
export class ChildSlot {
  readonly #limits: ChildLimits;
  readonly #pool: ChildPool;
  #runner: ChildRunner | undefined;

  constructor(node: PlannedNode, pool: ChildPool) {
    this.#pool = pool;
    const { silenceSeconds, graceSeconds } = node.operational;
    this.#limits = {
      silenceMs: typeof silenceSeconds === 'number' ? silenceSeconds * 1000 : defaultLimits.silenceMs,
      graceMs: typeof graceSeconds === 'number' ? graceSeconds * 1000 : defaultLimits.graceMs,
    };
  }

  async get(code: Fingerprint): Promise<ChildRunner> {
    this.#runner ??= await this.#pool.take(this.#limits, code);
    return this.#runner;
  }

  /** The activity is over. */
  async release(): Promise<void> {
    if (this.#runner !== undefined) await this.#pool.giveBack(this.#runner);
    this.#runner = undefined;
  }

  /** Ends the process, which may be in a bad state: the next task gets another one. */
  async close(): Promise<void> {
    await this.#runner?.close();
    this.#runner = undefined;
  }
}

/**
 * Looks the key up once more, takes its lease, runs the task and records the result under the lease's token. Whoever waits for another holder hits
 * what that one has made.
 */
export async function execute(execution: Execution): Promise<NodeOutcome> {
  const { deps, context, plan, node, run, inputs, element, beats } = execution;
  const key = nodeKey(keyed(plan, node, inputs, element?.item));
  const look = () => lookUp(deps, plan, node, key);
  const name = element === undefined ? node.id : `${node.id}/${element.id}`;
  const ttlMs = Math.max(2, Math.min(30, node.heartbeatSeconds)) * 1000;
  const taken = await takeLease(
    deps.store,
    {
      key,
      name: `${runName(run)} ${name}`,
      ttlMs,
      signal: context.cancellationSignal,
      onWaiting: (holder) => beats.tell({ waitsFor: holder }),
    },
    look,
  );
  if ('done' in taken) return found(taken.done, context);
  const { lease } = taken;
  const tell = told(execution, key);
  tell({ status: 'running' });
  const lost = new AbortController();
  const renewal = setInterval(() => void lease.renew().catch((error: unknown) => lost.abort(error)), ttlMs / 3);
  beats.tell({ waitsFor: undefined });
  try {
    const startedAt = deps.now();
    const signal = AbortSignal.any([context.cancellationSignal, lost.signal]);
    const { attempt } = context.info;
    const item = element === undefined ? {} : { item: element.item };
    const { trajectory } = checkpointPlan(plan, node, inputs, element?.item);
    let seconds = 0;
    const outputs = await runUnderLease(execution, lease, signal, async (made, adoptedFrom) => {
      seconds = (deps.now() - startedAt) / 1000;
      const finding = {
        key,
        inputs,
        ...item,
        outputs: made,
        startedAt,
        seconds,
        attempts: attempt,
        ...(adoptedFrom === undefined ? {} : { adoptedFrom }),
        ...(existsSync(checkpointsPath(deps.store.root, trajectory)) && { trajectory }),
      };
      await record(deps, plan, node, finding, lease);
    });
    tell({ status: 'done', seconds, endedAt: iso(deps.now()) });
    return { key, outputs, cache: 'miss', seconds, attempts: attempt };
  } catch (error) {
    tell(failedStanding(error, context, deps.now()));
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    clearInterval(renewal);
    await lease.release().catch((error: unknown) => deps.warn(`The lease of ${name} was not released: ${String(error)}`));
  }
}

type Standing = Pick<NodeRow, 'status' | 'seconds' | 'endedAt' | 'error'>;

/** Writes to the ledger where a training stands, for whoever follows it before its run ends. */
function told({ deps, context, node, run, element }: Execution, key: string): (standing: Standing) => void {
  if (node.queue !== 'train' || element !== undefined) return () => {};
  const begun = { key, attempts: context.info.attempt, startedAt: iso(deps.now()) };
  return (standing) => deps.ledger.append('nodes', [trainingRow(run, node, { ...begun, ...standing })]);
}

/** A training that another attempt or worker goes on with has not ended. */
function failedStanding(error: unknown, { info, cancellationSignal, cancellationDetails }: Context, now: number): Standing {
  const ended = { endedAt: iso(now) };
  if (cancellationSignal.aborted) return cancellationDetails?.cancelRequested ? { status: 'canceled', ...ended } : { status: 'running' };
  const data = errorData(error);
  return isWorthRetrying(data, info.attempt) ? { status: 'running' } : { status: 'failed', error: data.message, ...ended };
}

/** A result that an earlier attempt of this very activity recorded before it died was executed by this run, not reused. */
function found(record: ActionRecord, { info }: Context): NodeOutcome {
  const { key, outputs, seconds, attempts } = record;
  const isOurs = info.attempt > 1 && Date.parse(record.startedAt) >= info.scheduledTimestampMs;
  return isOurs ? { key, outputs, cache: 'miss', seconds, attempts } : { key, outputs, cache: 'hit', seconds: 0, attempts: 0 };
}

/** Runs the task, here or in a child, and has its outputs recorded by `commit`. */
async function runUnderLease(
  execution: Execution,
  lease: Lease,
  signal: AbortSignal,
  commit: (outputs: Outputs, adoptedFrom: string | undefined) => Promise<void>,
): Promise<Outputs> {
  const { deps, context, plan, node, run, inputs, element, beats } = execution;
  const { attempt } = context.info;
  const checkpoints = checkpointPlan(plan, node, inputs, element?.item);
  const title = element === undefined ? {} : { element: element.id };
  let adoptedFrom: string | undefined =
    attempt > 1 && checkpoints.adopt !== undefined ? `${checkpoints.adopt.trajectory}/${checkpoints.adopt.step}` : undefined;
  const events = {
    progress: (progress: Readonly<Record<string, number | string | undefined>>) => beats.tell({ ...title, ...progress, node: node.id }),
    metric: (name: string, step: number, value: number) =>
      deps.ledger.append('metrics', [metricRow(run, node.id, name, step, value, deps.now(), element?.id)]),
    warn: (message: string) => deps.warn(`${node.id}: ${message}`),
    checkpoint: (step: Checkpoint['step']) => beats.tell({ checkpoint: step }),
    adopted: (from: string) => {
      adoptedFrom = from;
    },
  };
  beats.tell(title);
  const implementation = node.runs === 'process' ? undefined : await implementationHere(deps, plan, node);
  if (implementation !== undefined) {
    const { progress, metric, warn } = events;
    const { store, home } = deps;
    const open = () => openTaskCheckpoints(store, checkpoints, lease, { warn, saved: events.checkpoint, adopted: events.adopted });
    const services = { store, home, signal, attempt, progress, metric, warn, checkpoints: open };
    return runTask(implementation, node, inputs, element?.item, services, (outputs) => commit(outputs, adoptedFrom));
  }
  await lease.durable();
  signal.throwIfAborted();
  const child = await execution.child.get(codeOf(plan, node));
  const stop = (): void => child.stop(String(signal.reason instanceof Error ? signal.reason.message : signal.reason));
  signal.addEventListener('abort', stop);
  beats.isAlive = () => child.isAlive;
  try {
    const { task, params, operational, outputs: forms, code } = node;
    if (code === undefined) throw new Error(`The plan says nowhere where the code of ${task} lies.`);
    const outputs = await child.run(
      {
        home: deps.home,
        node: { task, params, operational, outputs: forms },
        code,
        inputs,
        ...(element === undefined ? {} : { item: element.item }),
        attempt,
        checkpoints,
        lease: { key: lease.key, token: lease.token },
      },
      { ...events, loaded: () => refuseOtherCode(deps, plan, node) },
    );
    await commit(outputs, adoptedFrom);
    return outputs;
  } finally {
    signal.removeEventListener('abort', stop);
    beats.isAlive = () => true;
  }
}

/** A result is recorded under the key of the code that was planned: other code must not run. */
async function refuseOtherCode(deps: Dependencies, plan: LoadedPlan, node: PlannedNode): Promise<void> {
  const now = (await takeFingerprints(deps, plan.nodes))[node.task]?.digest;
  if (now === codeOf(plan, node).digest) return;
  throw new SostenutoError({
    code: 'CODE_CHANGED',
    what: `The code of "${node.task}" is not what this run was planned with.`,
    where: node.id,
    found: now ?? 'none',
    expected: codeOf(plan, node).digest,
    hint: 'Start the run again: it is planned with the code as it is now, and takes over what is unchanged.',
  });
}
