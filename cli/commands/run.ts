import type { Command } from 'commander';
import { declareRequest, type RequestOptions, requestOf } from '../request.ts';
import type { RunOptions } from '../session/run-and-wait.ts';

export function declare(command: Command): void {
  declareRequest(command.argument('<pipeline>', 'its name'))
    .option('--detach', 'return as soon as the run has started')
    .option('--id <workflowId>', 'name of the run; default: pipeline, time and four digits')
    .option('--leave-at-gate', 'end with exit code 4 when only a person can go on')
    .addHelpText(
      'after',
      `
Examples:
  sostenuto run video-to-audio --preset tiny
  sostenuto run video-to-audio --set sampling.steps=64 --set seed=8
  sostenuto run video-to-audio --from velocity-samples --json | tail -1

Uses a server and workers that are up, otherwise starts them for as long as the run takes.
Ctrl-C stops the run if its workers are its own; the same command goes on from there.`,
    )
    .action(async (pipeline: string, options: RequestOptions & RunOptions) => {
      const { runAndWait } = await import('../session/run-and-wait.ts');
      process.exitCode = await runAndWait(requestOf(pipeline, options), options);
    });
}
