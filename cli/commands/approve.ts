import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { sendAndSay } from '../session/steer.ts';

export function declare(command: Command): void {
  command
    .argument('<workflowId>', 'the run')
    .argument('<node>', 'the gate')
    .option('--no', 'decide against it')
    .option('--note <text>', 'why; kept in the record', '')
    .option('--by <name>', 'who decides', userInfo().username)
    .addHelpText('after', '\nExample:\n  sostenuto approve video-to-audio-20261123-101500-1f2e approval --note "clearer attacks"')
    .action(async (workflowId: string, node: string, options: { no?: boolean; note: string; by: string; json?: boolean }) => {
      await sendAndSay(workflowId, 'approve', { node, approved: options.no !== true, by: options.by, note: options.note }, options);
    });
}
