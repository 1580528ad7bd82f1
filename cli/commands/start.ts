import type { Command } from 'commander';
import type { StartOptions } from '../session/start-demo.ts';

export function declare(command: Command): void {
  command
    .option('--exit', 'end when the demo is done, also in a terminal')
    .option('--pipeline <name>', 'another pipeline than the first of temporal.config.ts')
    .option('--preset <name>', "another preset than the pipeline's first")
    .addHelpText('after', '\nIn a terminal, server, UI and report stay up until Ctrl-C. Without one (CI, a pipe) it ends with the demo.')
    .action(async (options: StartOptions) => {
      const { startDemo } = await import('../session/start-demo.ts');
      process.exitCode = await startDemo(options);
    });
}
