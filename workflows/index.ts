export { runMap } from './run-map.ts';
export { runPipeline } from './run-pipeline.ts';
