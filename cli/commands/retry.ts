import type { Command } from 'commander';
import { sendAndSay } from '../session/steer.ts';

export function declare(command: Command): void {
  command
    .argument('<workflowId>', 'the run')
    .argument('<node>', 'the node that failed or was skipped')
    .option('--note <text>', 'why; kept in the record')
    .action(async (workflowId: string, node: string, { note, json }: { note?: string; json?: boolean }) => {
      await sendAndSay(workflowId, 'retryNode', { node, ...(note === undefined ? {} : { note }) }, { json: json === true });
    });
}
