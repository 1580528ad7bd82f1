import type { Cache, NodeReport, NodeStatus, RunReport, RunStatus } from '../../activities/messages.ts';
import type { Progress } from '../../engine/define/task.ts';

/** A node at one moment. */
export interface NodeSnapshot {
  readonly id: string;
  readonly status: NodeStatus;
  readonly cache?: Cache;
  /** A reason, a question. */
  readonly note?: string;
  /** What it last said about itself, if it runs. */
  readonly progress?: Progress;
  readonly attempt?: number;
  /** A gate that wants judgments and not only a yes. */
  readonly wantsAnswer?: true;
}

/** A run at one moment; all that is shown is made from a sequence of these. */
export interface RunSnapshot {
  readonly workflowId: string;
  readonly pipeline: string;
  readonly status: RunStatus;
  readonly paused: boolean;
  /** Milliseconds since 1970, like all times here. */
  readonly startedAt: number;
  readonly takenAt: number;
  readonly nodes: readonly NodeSnapshot[];
}

/** What a client was told, as a moment of the run. */
export function snapshotOf(report: RunReport, takenAt: number): RunSnapshot {
  const { workflowId, pipeline, status, paused = false, seconds, nodes } = report;
  return { workflowId, pipeline, status, paused, startedAt: takenAt - seconds * 1000, takenAt, nodes: nodes.map(nodeSnapshot) };
}

function nodeSnapshot({ id, status, cache, note, error, progress, attempts, answer }: NodeReport): NodeSnapshot {
  const waitsFor = progress?.['waitsFor'];
  const words = error ?? note ?? (typeof waitsFor === 'string' ? `waits for ${waitsFor}` : undefined);
  const steps = progress === undefined ? undefined : stepsOf(progress);
  return {
    id,
    status,
    ...(status === 'done' ? { cache } : {}),
    ...(words === undefined ? {} : { note: words }),
    ...(steps === undefined ? {} : { progress: steps }),
    ...(attempts > 0 ? { attempt: attempts } : {}),
    ...(answer === undefined ? {} : { wantsAnswer: true }),
  };
}

/** Fields of a heartbeat that are not about the work, or are shown another way. */
const unseen = new Set(['node', 'checkpoint', 'done', 'elements', 'waitsFor']);

/** A heartbeat as progress: its own steps, or the elements of its group. What is no number or short word is left out. */
function stepsOf(beat: Readonly<Record<string, unknown>>): Progress | undefined {
  const { step = beat['done'], of = beat['elements'], ...details } = beat;
  if (typeof step !== 'number' || typeof of !== 'number') return undefined;
  const shown: Record<string, number | string> = {};
  for (const [name, value] of Object.entries(details)) {
    if (!unseen.has(name) && (typeof value === 'number' || (typeof value === 'string' && value.length <= 40))) shown[name] = value;
  }
  return { step, of, ...shown };
}
