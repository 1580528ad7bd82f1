import type { Command } from 'commander';

export function declare(command: Command): void {
  command.addHelpText('after', '\nOne line a check: what was found and, where it is wrong, the way out. Exit code 3 if a run could not work.').action(async (options: { json?: boolean }) => {
    const { examine } = await import('../session/examine.ts');
    process.exitCode = await examine(options);
  });
}
