import type { Command } from 'commander';
import { printJson, say } from '../output.ts';

export function declare(command: Command): void {
  command
    .argument('<workflowId>', 'the run')
    .addHelpText('after', '\nWhat is finished stays; `sostenuto resume <workflowId>` goes on from there.')
    .action(async (workflowId: string, options: { json?: boolean }) => {
      const { cancelAndSettle } = await import('../session/steer.ts');
      const status = await cancelAndSettle(workflowId);
      if (options.json) printJson({ workflowId, status });
      else say(`${workflowId} is ${status}. Go on from there with: sostenuto resume ${workflowId}`);
    });
}
