import type { Command } from 'commander';
import { size } from '../display/words.ts';
import { print, printJson, say } from '../output.ts';
import { wholeNumber } from '../request.ts';

export function declare(command: Command): void {
  command
    .option('--keep-runs <count>', 'runs of each pipeline whose results stay, the newest', wholeNumber, 10)
    .option('--keep-days <days>', 'results that are younger stay in any case', wholeNumber, 7)
    .option(
      '--checkpoint-days <days>',
      'checkpoints of trainings that ended well so long ago go, too; such a training cannot be made longer any more',
      wholeNumber,
    )
    .option('-n, --dry-run', 'only say what would go')
    .addHelpText(
      'after',
      `
Results and objects that no kept run reaches are removed; rows of the ledger are moved into Parquet, where queries read them faster. Whatever is younger than an hour stays. Checkpoints stay unless --checkpoint-days
says otherwise, and always those of trainings that failed, were stopped or run, and those that are pinned (\`sostenuto checkpoints pin\`).`,
    )
    .action(async (options: { json?: boolean; keepRuns: number; keepDays: number; checkpointDays?: number; dryRun?: boolean }) => {
      const { collectUnreached } = await import('../session/collect-unreached.ts');
      const found = await collectUnreached(options);
      if (options.json) return printJson(found);
      for (const kind of ['actions', 'objects', 'checkpoints', 'temporary'] as const) {
        print(
          `${kind.padEnd(12)} ${found[kind].kept} kept, ${found[kind].removed} ${found.isDryRun ? 'would go' : 'removed'} (${size(found[kind].bytes)})`,
        );
      }
      if (found.rows > 0) print(`ledger       ${found.rows} rows moved into Parquet`);
      for (const { trajectory, node, pipeline, steps, bytes, endedAt, goes } of found.trainings) {
        const what = goes ? (found.isDryRun ? 'would go' : 'removed') : 'could go';
        print(
          `  ${trajectory.slice(0, 12)} ${pipeline ?? ''} ${node}, up to step ${Math.max(...steps)}, ended ${endedAt}: ${size(bytes)} ${what}`,
        );
      }
      if (found.trainings.some(({ goes }) => !goes))
        say('Checkpoints that could go are of trainings whose result is in the store: --checkpoint-days <days> lets the older ones go.');
      say(`${size(found.bytes)} ${found.isDryRun ? 'would be freed' : 'freed'}`);
    });
}
