import type { Command } from 'commander';
import { counted, duration } from '../display/words.ts';
import { print, printJson, say, tableLines } from '../output.ts';
import { wholeNumber } from '../request.ts';

export function declare(command: Command): void {
  command
    .argument('[workflowId]', 'one run; default: the latest ones')
    .option('--limit <count>', 'at most so many runs', wholeNumber, 20)
    .option('--watch', 'follow the run until it ends')
    .addHelpText('after', '\nExamples:\n  sostenuto status\n  sostenuto status video-to-audio-20261123-101500-1f2e --json')
    .action(async (workflowId: string | undefined, options: { json?: boolean; limit: number; watch?: boolean }) => {
      const { describeOne, latestRuns } = await import('../session/status-of.ts');
      if (workflowId !== undefined) {
        process.exitCode = await describeOne(workflowId, options);
        return;
      }
      const runs = await latestRuns(options.limit);
      if (options.json) return printJson({ runs });
      const rows = runs.map(({ workflowId: id, pipeline, status, startedAt, seconds }) => [
        id,
        pipeline,
        status,
        startedAt,
        duration(seconds),
      ]);
      for (const line of tableLines(['run', 'pipeline', 'status', 'started', 'took'], rows)) print(line);
      say(counted(runs.length, 'run'));
    });
}
