import type { Command } from 'commander';
import type { UpOptions } from '../session/stay-up.ts';

export function declare(command: Command): void {
  command
    .option('--while-running', 'end by itself when no run is open any more')
    .addHelpText(
      'after',
      '\nStays up until Ctrl-C; trainings save a checkpoint before it ends. Prints a link that starts a run from the Temporal UI.',
    )
    .action(async (options: UpOptions) => {
      const { stayUp } = await import('../session/stay-up.ts');
      process.exitCode = await stayUp(options);
    });
}
