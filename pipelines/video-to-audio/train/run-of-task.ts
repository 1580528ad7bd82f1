import type { TaskContext } from '../../../engine/define/task.ts';
import { type Backend, environmentOf } from '../../../models/backend/index.ts';

/** What a training takes from the task that it runs in: where checkpoints go and when, when to stop, and to whom progress is told. */
export const runOfTask = (context: TaskContext, backend: Backend) => ({
  checkpoints: context.checkpoints,
  cadence: { steps: Number(context.operational.checkpointSteps ?? 100) },
  signal: context.signal,
  progress: context.progress,
  metric: context.metric,
  warn: context.warn,
  environment: environmentOf(backend),
});
