import type { Command } from 'commander';

export function declare(command: Command): void {
  command
    .addHelpText('after', '\nOne line a check: what was found and, where it is wrong, the way out. Exit code 1 if a run could not work.')
    .action(async (options: { json?: boolean }) => {
      const [{ loadConfig }, { runDoctor }] = await Promise.all([import('../config/load.ts'), import('../doctor/doctor.ts')]);
      process.exitCode = await runDoctor(await loadConfig(), { json: options.json === true });
    });
}
