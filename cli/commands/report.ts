import type { Command } from 'commander';

export function declare(command: Command): void {
  command
    .argument('[workflowId]', 'the run; default: the latest one with a report')
    .option('--serve', 'serve the reports on this machine until Ctrl-C')
    .option('--again', 'write the report anew from what is recorded')
    .option('--history', 'write the page with the history of every measure')
    .action(async (workflowId: string | undefined, options: { json?: boolean; serve?: boolean; again?: boolean; history?: boolean }) => {
      const { showReport } = await import('../session/show-report.ts');
      process.exitCode = await showReport(workflowId, options);
    });
}
