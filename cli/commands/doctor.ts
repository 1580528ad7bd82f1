import type { Command } from 'commander';
import { declareSettings, type SettingsOptions } from '../request.ts';

export function declare(command: Command): void {
  declareSettings(command)
    .addHelpText(
      'after',
      `
One line a check: what was found and, where it is wrong, the way out. Exit code 1 if a run could not work.
With --preset and --set: whether the weights of that run’s encoders are there.`,
    )
    .action(async (options: SettingsOptions & { json?: boolean }) => {
      const [{ loadConfig }, { runDoctor }] = await Promise.all([import('../config/load.ts'), import('../doctor/doctor.ts')]);
      process.exitCode = await runDoctor(await loadConfig(), { ...options, json: options.json === true });
    });
}
