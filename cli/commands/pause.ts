import type { Command } from 'commander';
import { sendAndSay } from '../session/steer.ts';

export function declare(command: Command): void {
  command.argument('<workflowId>', 'the run').action(async (workflowId: string, options: { json?: boolean }) => {
    await sendAndSay(workflowId, 'pause', undefined, options);
  });
}
