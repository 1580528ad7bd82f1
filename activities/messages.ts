/**
 * What travels between the workflow, its activities and its clients: plain data, references instead of content, nothing above 32 KiB.
 * It imports types alone, so that workflow code may import it.
 */
import type { GateDecision } from '../engine/define/pipeline.ts';
import type { Artifact, Form } from '../engine/define/ports.ts';
import type { Queue } from '../engine/define/task.ts';
import type { RunAlert, ScheduledBy } from './schedule-messages.ts';

/** The one argument of `runPipeline`. Every field has a default; nothing at all runs the demo. */
export interface RunRequest {
  /** Default `video-to-audio`. */
  readonly pipeline?: string;
  /** Default: the pipeline's first preset. */
  readonly preset?: string;
  /** Merged over the preset. */
  readonly settings?: unknown;
  /** This node and everything below it runs again, whatever the cache says. */
  readonly from?: string;
  /** A checkpoint (`<trajectory>` or `<trajectory>/<step>`) that a training of this run starts from. */
  readonly adopt?: string;
  /** `fail` (default) ends the run once nothing more can be done; `wait` keeps it open for `retryNode` and `skipNode`. */
  readonly onFailure?: 'fail' | 'wait';
  /** What a declared schedule says about the runs that it starts. */
  readonly schedule?: ScheduledBy;
  /** Where an earlier execution of the same run stopped; set by continue-as-new alone. */
  readonly resume?: Resume;
}

export interface Resume {
  readonly plan: Artifact;
  readonly state: Artifact;
  readonly paused: boolean;
  readonly startedAt: number;
  readonly runId: string;
}

/** Names a run for ever: continue-as-new keeps it. */
export interface RunIdentity {
  readonly workflowId: string;
  /** Id of the first execution. */
  readonly runId: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export type NodeStatus = 'pending' | 'ready' | 'running' | 'waiting' | 'done' | 'failed' | 'skipped' | 'blocked' | 'canceled';
export type Cache = 'hit' | 'miss';

/** A node is blocked by a failure above it, and skipped together with what it reads. */
export const inheritedStatus = (above: readonly NodeStatus[]): NodeStatus | undefined =>
  above.some((status) => status === 'failed' || status === 'blocked') ? 'blocked' : above.includes('skipped') ? 'skipped' : undefined;

/** What the nodes of one task have in common; said once per plan. */
export interface Profile {
  readonly task: string;
  readonly kind: 'task' | 'map' | 'gate';
  readonly queue: Queue;
  readonly runs: 'local' | 'worker' | 'process';
  readonly timeout: string;
  readonly heartbeatSeconds: number;
  readonly maxFailures: number;
}

/** A node as the workflow needs it. Short names: a thousand of them have to fit. */
export interface CompactNode {
  readonly id: string;
  /** Index into the profiles. */
  readonly p: number;
  /** Indices of the nodes whose outputs it reads. */
  readonly d?: readonly number[];
  /** A gate's question. */
  readonly q?: string;
  /** Form of the answer that a gate's approval has to bring. */
  readonly a?: Form;
  /** Status and cache of a node that an earlier execution of this run has settled. */
  readonly s?: NodeStatus;
  readonly c?: Cache;
}

export interface CompactPlan {
  readonly plan: Artifact;
  readonly pipeline: string;
  readonly preset: string;
  readonly onFailure: 'fail' | 'wait';
  readonly profiles: readonly Profile[];
  readonly total: number;
  /** The first nodes; the rest comes from `readPlan`. */
  readonly nodes: readonly CompactNode[];
  /** Search attributes that the server knows, with their values as far as they are known now. */
  readonly attributes: readonly Attribute[];
  /** A report is written at the end. */
  readonly report: boolean;
}
export interface Attribute {
  readonly name: string;
  readonly value: string | undefined;
}

export type Outputs = Readonly<Record<string, Artifact>>;

/** A node that has its outputs. */
export interface NodeOutcome {
  readonly key: string;
  readonly outputs: Outputs;
  readonly cache: Cache;
  /** Time this run spent on it; 0 for a hit. */
  readonly seconds: number;
  readonly attempts: number;
}

/** What a group of a map's elements came to; outcomes of groups add up. */
export interface GroupOutcome {
  readonly ran: number;
  readonly hits: number;
  readonly quarantined: number;
  /** JSON lists of the quarantined elements. */
  readonly quarantine: readonly Artifact[];
  /** `id: reason` of the first. */
  readonly first?: string;
  readonly seconds: number;
  readonly attempts: number;
}

/** What somebody said at a gate. */
export interface Decided {
  readonly decision: GateDecision;
  readonly answer?: Artifact;
}

/** Something the workflow learnt and the run's state doesn't hold yet. */
export type News =
  | { readonly node: string; readonly outcome: NodeOutcome }
  | { readonly node: string; readonly elements: GroupOutcome }
  | { readonly node: string; readonly failed: string; readonly attempts: number }
  | { readonly node: string; readonly skipped: string }
  | ({ readonly node: string } & Decided)
  | { readonly node: string; readonly retry: true };

export interface AdvanceRequest {
  readonly plan: Artifact;
  readonly state?: Artifact;
  readonly run: RunIdentity;
  readonly news: readonly News[];
  /** Indices of nodes that are running or about to be. */
  readonly busy: readonly number[];
  /** Only take in the news: nothing is looked up or executed. */
  readonly hold?: boolean;
}

export interface Advance {
  readonly state: Artifact;
  /** Indices of nodes whose outputs were found. */
  readonly hits: readonly number[];
  /** Indices of nodes that were executed here. */
  readonly ran: readonly number[];
  readonly failed: readonly { readonly n: number; readonly message: string }[];
  readonly ready: readonly ReadyNode[];
  /** Gates whose questions can be asked. */
  readonly gates: readonly number[];
  /** There is more to do: call again. */
  readonly more: boolean;
}
export interface ReadyNode {
  readonly n: number;
  readonly map?: MapWork;
}
/** The elements of a map that have to be executed. */
export interface MapWork {
  readonly work: Artifact;
  readonly elements: number;
  readonly groups: number;
}

/** Argument of the activity that is named after a task. */
export interface NodeRequest {
  readonly plan: Artifact;
  readonly state?: Artifact;
  readonly node: string;
  readonly run: RunIdentity;
  /** Outputs of upstream nodes that the state doesn't hold yet. */
  readonly fresh: Readonly<Record<string, Outputs>>;
}
export interface GroupRequest extends NodeRequest {
  readonly work: MapWork;
  readonly group: number;
}

/** Argument of the child workflow `runMap`. */
export interface MapRequest {
  readonly request: NodeRequest;
  readonly work: MapWork;
  readonly profile: Profile;
  /** First group that isn't done, and what the ones before it came to. */
  readonly from?: number;
  readonly sum?: GroupOutcome;
}

export interface FinishRequest {
  readonly plan: Artifact;
  readonly state?: Artifact;
  readonly run: RunIdentity;
  readonly news: readonly News[];
  readonly ending: 'completed' | 'canceled';
  /** Indices of nodes that were running when the run was canceled. */
  readonly running: readonly number[];
}

/** One line of a run's result, as `--json` prints it. */
export interface NodeReport {
  readonly id: string;
  readonly task: string;
  readonly status: NodeStatus;
  readonly cache: Cache;
  readonly key: string;
  readonly attempts: number;
  readonly seconds: number;
  readonly outputs: Readonly<Record<string, { readonly digest: string; readonly bytes: number }>>;
  readonly error?: string;
  /** While it runs: a reason, a question. */
  readonly note?: string;
  /** Of a gate that waits: form of the answer that an approval has to bring. */
  readonly answer?: Form;
  /** While it runs: the newest heartbeat, such as `{step, of, loss, checkpoint}`. */
  readonly progress?: { readonly node: string; readonly [detail: string]: unknown };
  readonly elements?: { readonly total: number; readonly ran: number; readonly hits: number; readonly quarantined: number };
}
export type RunStatus = 'running' | 'done' | 'failed' | 'canceled' | 'terminated';
export interface RunReport {
  readonly workflowId: string;
  readonly runId: string;
  readonly pipeline: string;
  readonly status: RunStatus;
  readonly seconds: number;
  /** Path of the report's HTML file. */
  readonly report: string | null;
  readonly nodes: readonly NodeReport[];
  readonly paused?: boolean;
  /** Why it failed, when no node can say it. */
  readonly error?: string;
  readonly alert?: RunAlert;
}

/** The workflow's result: small, whatever the size of the run. */
export interface RunResult {
  readonly status: RunStatus;
  readonly pipeline: string;
  readonly preset: string;
  readonly seconds: number;
  readonly report: string | null;
  /** The number that the pipeline calls its result, for the search attribute `PrimaryMetric`. */
  readonly primaryMetric?: number;
  readonly alert?: RunAlert;
  readonly counts: Readonly<Record<string, number>>;
  /** The whole `RunReport` in the store. */
  readonly summary: Artifact;
  /** The failed nodes with their reasons, as many as fit. */
  readonly failed: readonly { readonly id: string; readonly error: string }[];
}

/** Answer of the query `progress`. */
export interface ProgressAnswer {
  readonly pipeline: string;
  readonly status: RunStatus;
  readonly paused: boolean;
  readonly startedAt: number;
  readonly runId: string;
  readonly plan?: Artifact;
  readonly state?: Artifact;
  readonly news: readonly News[];
  readonly nodes: readonly { readonly id: string; readonly status: NodeStatus; readonly cache?: Cache; readonly note?: string }[];
}

export interface Approval {
  readonly node: string;
  /** Default true. */
  readonly approved?: boolean;
  readonly by?: string;
  readonly note?: string;
  /** Of a gate that wants more than a yes: a reference to content of the store. */
  readonly answer?: Artifact;
}
export interface NodeName {
  readonly node: string;
  /** Why; kept in the run's record. */
  readonly note?: string;
}
/** Names of the updates and queries that a run answers. */
export const updateNames = ['approve', 'retryNode', 'skipNode', 'pause', 'unpause'] as const;
export type UpdateName = (typeof updateNames)[number];

/** The queue of a kind of work, given the queue of the workflows, which is also the queue of `light` work. */
export const queueName = (workflows: string, queue: Queue): string => (queue === 'light' ? workflows : `${workflows}-${queue}`);

export const defaultPipeline = 'video-to-audio';
/** Activity that the workflow calls by name; tasks may not be called like these. */
export const reservedNames: readonly string[] = ['plan', 'readPlan', 'advance', 'finish', 'joinQuarantine', 'default'];
