import type { Pipeline } from '../../engine/define/pipeline.ts';

/** The pipelines that a worker can run, by name. */
export type Pipelines = ReadonlyMap<string, Pipeline>;

export const pipelineRegistry = (pipelines: Iterable<Pipeline>): Pipelines =>
  new Map([...pipelines].map((pipeline) => [pipeline.name, pipeline]));
