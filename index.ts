/** What other repositories import as `sostenuto`: all it takes to declare tasks and pipelines. */
export {
  type Builder,
  definePipeline,
  type Element,
  type GateDecision,
  type GateOptions,
  type MapOptions,
  type Mapped,
  type NodeOptions,
  type Pipeline,
  type Quarantined,
  type Ref,
} from './engine/define/pipeline.ts';
export {
  type Artifact,
  type FilePort,
  file,
  type JsonPort,
  json,
  type StoredFile,
  type StoredTree,
  type TreePort,
  tree,
  type,
} from './engine/define/ports.ts';
export {
  type Checkpoint,
  type Checkpoints,
  defineTask,
  type Progress,
  type Run,
  type Task,
  type TaskContext,
} from './engine/define/task.ts';
export { type Problem, SostenutoError } from './errors/problem.ts';
