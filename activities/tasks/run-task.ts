import type { Artifact } from '../../engine/define/ports.ts';
import type { Checkpoints, Progress, TaskContext } from '../../engine/define/task.ts';
import type { PlannedNode } from '../../engine/plan/plan.ts';
import type { Store } from '../../engine/store/store.ts';
import type { Outputs } from '../messages.ts';
import type { AnyRun } from './implementation.ts';
import { type Commit, storeOutputs } from './outputs.ts';
import { WorkDirectory } from './work-directory.ts';

/** What the surroundings of a task do for it, in this process or in a child. */
export interface TaskServices {
  readonly store: Store;
  readonly home: string;
  readonly signal: AbortSignal;
  readonly attempt: number;
  /** Opened when the task first asks. */
  readonly checkpoints: () => Checkpoints;
  readonly progress: (progress: Progress) => void;
  readonly metric: (name: string, step: number, value: number) => void;
  readonly warn: (message: string) => void;
}
export type TaskNode = Pick<PlannedNode, 'task' | 'params' | 'operational' | 'outputs'>;

/** Reads the inputs, runs the code, stores the outputs and has them recorded by `commit`. The work directory is gone afterwards. */
export async function runTask(
  run: AnyRun,
  node: TaskNode,
  inputs: Outputs,
  item: unknown,
  services: TaskServices,
  commit?: Commit,
): Promise<Record<string, Artifact>> {
  const { store, home, signal, attempt } = services;
  const work = new WorkDirectory(home);
  let checkpoints: Checkpoints | undefined;
  const context: TaskContext = {
    get workDirectory() {
      return work.path;
    },
    get checkpoints() {
      checkpoints ??= services.checkpoints();
      return checkpoints;
    },
    home,
    signal,
    attempt,
    operational: node.operational,
    progress: services.progress,
    metric: services.metric,
    warn: services.warn,
    readJson: (artifact) => store.readJson(artifact),
    openFile: (artifact) => store.openFile(artifact),
    openTree: (artifact) => store.openTree(artifact),
    putFile: (path, known) => store.putFile(path, known),
    putTree: (directory) => store.putTree(directory),
  };
  try {
    signal.throwIfAborted();
    const received = Object.fromEntries(
      await Promise.all(Object.entries(inputs).map(async ([name, input]) => [name, await receive(store, input)] as const)),
    );
    const returned = await run({ inputs: received, params: node.params, item, context });
    return await storeOutputs(store, node.task, node.outputs, returned, () => work.path, commit);
  } finally {
    work.remove();
  }
}

function receive(store: Store, artifact: Artifact): Promise<never> {
  const read =
    artifact.form === 'json' ? store.readJson(artifact) : artifact.form === 'file' ? store.openFile(artifact) : store.openTree(artifact);
  // The port's type says what this is; the plan has checked that the form fits.
  return read as Promise<never>;
}
