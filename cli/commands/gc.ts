import type { Command } from 'commander';
import { size } from '../display/words.ts';
import { print, printJson, say } from '../output.ts';
import { wholeNumber } from '../request.ts';

export function declare(command: Command): void {
  command
    .option('--keep-runs <count>', 'runs of each pipeline whose results stay, the newest', wholeNumber, 10)
    .option('--keep-days <days>', 'results that are younger stay in any case', wholeNumber, 7)
    .option('-n, --dry-run', 'only say what would go')
    .addHelpText(
      'after',
      '\nResults, objects and checkpoints that no kept run reaches are removed. Whatever is younger than an hour stays.',
    )
    .action(async (options: { json?: boolean; keepRuns: number; keepDays: number; dryRun?: boolean }) => {
      const { collectUnreached } = await import('../session/collect-unreached.ts');
      const found = await collectUnreached(options);
      if (options.json) return printJson(found);
      for (const kind of ['actions', 'objects', 'checkpoints', 'temporary'] as const) {
        print(
          `${kind.padEnd(12)} ${found[kind].kept} kept, ${found[kind].removed} ${found.isDryRun ? 'would go' : 'removed'} (${size(found[kind].bytes)})`,
        );
      }
      say(`${size(found.bytes)} ${found.isDryRun ? 'would be freed' : 'freed'}`);
    });
}
