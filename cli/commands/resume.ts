import type { Command } from 'commander';
import type { RunOptions } from '../session/run-and-wait.ts';

export function declare(command: Command): void {
  command
    .argument('<workflowId>', 'an earlier run, however it ended')
    .option('--detach', 'return as soon as the run has started')
    .option('--id <workflowId>', 'name of the new run')
    .option('--leave-at-gate', 'end with exit code 4 when only a person can go on')
    .addHelpText(
      'after',
      '\nStarts the same request again: finished nodes are found in the cache, a training goes on from its last checkpoint.',
    )
    .action(async (workflowId: string, options: RunOptions) => {
      const { resumeRun } = await import('../session/resume-run.ts');
      process.exitCode = await resumeRun(workflowId, options);
    });
}
