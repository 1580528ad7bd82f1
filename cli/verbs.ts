import type { Command } from 'commander';

/** What a file in `commands/` gives: its arguments, options, examples and what it does. */
export interface Verb {
  declare(command: Command): void;
}
export interface VerbEntry {
  readonly name: string;
  readonly summary: string;
  readonly group: 'Run' | 'Steer' | 'Understand' | 'Data' | 'Set-up';
  readonly load: () => Promise<Verb>;
}

/** Every verb, in the order of the help. A verb's file is loaded only when it is asked for, so that help comes at once. */
export const verbs: readonly VerbEntry[] = [
  {
    name: 'start',
    group: 'Run',
    summary: 'start everything and run the demo, with live progress',
    load: () => import('./commands/start.ts'),
  },
  { name: 'run', group: 'Run', summary: 'run a pipeline and wait for it', load: () => import('./commands/run.ts') },
  {
    name: 'evaluate',
    group: 'Run',
    summary: 'judge sounds, of a folder or a run, against originals',
    load: () => import('./commands/evaluate.ts'),
  },
  {
    name: 'resume',
    group: 'Run',
    summary: 'run the request of an earlier run again; finished work is reused',
    load: () => import('./commands/resume.ts'),
  },
  {
    name: 'up',
    group: 'Run',
    summary: 'start the server, its UI, the workers and the report pages, and keep them up',
    load: () => import('./commands/up.ts'),
  },
  {
    name: 'worker',
    group: 'Run',
    summary: 'start workers for chosen queues, here or on another machine',
    load: () => import('./commands/worker.ts'),
  },
  { name: 'status', group: 'Understand', summary: 'what a run is doing, or the latest runs', load: () => import('./commands/status.ts') },
  {
    name: 'plan',
    group: 'Understand',
    summary: 'the nodes of a pipeline, without running anything',
    load: () => import('./commands/plan.ts'),
  },
  { name: 'explain', group: 'Understand', summary: 'why a node would run or be reused', load: () => import('./commands/explain.ts') },
  { name: 'report', group: 'Understand', summary: 'find or serve the report of a run', load: () => import('./commands/report.ts') },
  {
    name: 'lineage',
    group: 'Understand',
    summary: 'where a model, an artifact or a file came from, and what used it',
    load: () => import('./commands/lineage.ts'),
  },
  {
    name: 'compare',
    group: 'Understand',
    summary: 'what differs between two runs: settings, code, measures, sounds',
    load: () => import('./commands/compare.ts'),
  },
  { name: 'sql', group: 'Understand', summary: 'ask the ledger: runs, nodes, artifacts, metrics', load: () => import('./commands/sql.ts') },
  {
    name: 'schedule',
    group: 'Run',
    summary: 'runs at set times: apply, diff, ls, trigger, pause, backfill',
    load: () => import('./commands/schedule.ts'),
  },
  { name: 'cancel', group: 'Steer', summary: 'end a run; trainings save a checkpoint first', load: () => import('./commands/cancel.ts') },
  { name: 'approve', group: 'Steer', summary: 'answer a gate', load: () => import('./commands/approve.ts') },
  {
    name: 'label',
    group: 'Steer',
    summary: 'say which of two sounds is better, for a gate that asks',
    load: () => import('./commands/label.ts'),
  },
  { name: 'retry', group: 'Steer', summary: 'run a failed node again', load: () => import('./commands/retry.ts') },
  { name: 'skip', group: 'Steer', summary: 'give a node up, and what reads it', load: () => import('./commands/skip.ts') },
  { name: 'pause', group: 'Steer', summary: 'start nothing new; trainings save a checkpoint', load: () => import('./commands/pause.ts') },
  { name: 'unpause', group: 'Steer', summary: 'go on after a pause', load: () => import('./commands/unpause.ts') },
  {
    name: 'data',
    group: 'Data',
    summary: 'look at the sets on disk that a run can be made from',
    load: () => import('./commands/data.ts'),
  },
  { name: 'cache', group: 'Data', summary: 'list, verify or remove cached results', load: () => import('./commands/cache.ts') },
  { name: 'checkpoints', group: 'Data', summary: 'list the checkpoints of trainings', load: () => import('./commands/checkpoints.ts') },
  { name: 'models', group: 'Data', summary: 'registered models, their versions and aliases', load: () => import('./commands/models.ts') },
  {
    name: 'tracking',
    group: 'Data',
    summary: 'what an MLflow server has of runs and models',
    load: () => import('./commands/tracking.ts'),
  },
  {
    name: 'weights',
    group: 'Data',
    summary: 'encoders that a run needs, and fetching them; take released weights in, write ours as released',
    load: () => import('./commands/weights.ts'),
  },
  { name: 'gc', group: 'Data', summary: 'remove what no kept run reaches', load: () => import('./commands/gc.ts') },
  {
    name: 'setup',
    group: 'Set-up',
    summary: 'get what is missing: Temporal, TensorFlow, ffmpeg',
    load: () => import('./commands/setup.ts'),
  },
  { name: 'doctor', group: 'Set-up', summary: 'check everything a run needs', load: () => import('./commands/doctor.ts') },
];
