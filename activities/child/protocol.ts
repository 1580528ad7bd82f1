import type { Artifact } from '../../engine/define/ports.ts';
import type { Progress } from '../../engine/define/task.ts';
import type { ErrorData } from '../failures.ts';
import type { Outputs } from '../messages.ts';
import type { CheckpointPlan } from '../tasks/checkpoints.ts';
import type { CodeReference } from '../tasks/implementation.ts';
import type { TaskNode } from '../tasks/run-task.ts';

/** One execution of a task in a child process. */
export interface Job {
  readonly home: string;
  readonly node: TaskNode;
  readonly code: CodeReference;
  readonly inputs: Outputs;
  readonly item?: unknown;
  readonly attempt: number;
  readonly checkpoints: CheckpointPlan;
  /** The lease under which the parent works; the child's writes are checked against its token. */
  readonly lease: { readonly key: string; readonly token: number };
}

export type ToChild =
  | { readonly type: 'run'; readonly job: Job }
  /** Save a checkpoint and end. */
  | { readonly type: 'stop'; readonly reason: string };

export type FromChild =
  /** The event loop turns. */
  | { readonly type: 'alive' }
  /** The task's code is in memory: what happens to its files from now on changes nothing. */
  | { readonly type: 'loaded' }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'metric'; readonly name: string; readonly step: number; readonly value: number }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'checkpoint'; readonly step: number }
  | { readonly type: 'adopted'; readonly from: string }
  /** `memory`: bytes that the process holds now. */
  | { readonly type: 'done'; readonly outputs: Readonly<Record<string, Artifact>>; readonly memory: number }
  | { readonly type: 'failed'; readonly error: ErrorData };

/** Environment variable that tells a child whose it is. */
export const parentVariable = 'SOSTENUTO_PARENT_PID';
/** Milliseconds between two signs of life. */
export const aliveMs = 500;
