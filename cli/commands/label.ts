import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import type { LabelOptions } from '../label/label.ts';

export function declare(command: Command): void {
  command
    .argument('<workflowId>', 'the run')
    .option('--node <gate>', 'the gate; needed when several wait for judgments')
    .option('--judge <name>', 'who judges', nameFrom, userInfo().username)
    .option('--csv <file>', 'take the judgments of a table pair,judge,choice (a, b or tie) instead of asking')
    .option('--approve', 'approve the gate without asking, once every pair has enough judgments')
    .addHelpText(
      'after',
      `
Examples:
  sostenuto label video-to-audio-20261123-101500-1f2e
  sostenuto label video-to-audio-20261123-101500-1f2e --csv votes.csv --approve
  sostenuto label video-to-audio-20261123-101500-1f2e --json < /dev/null    the pairs, their sounds and votes

Two sounds at a time, by path, in an order that does not tell which is which. Every answer is kept at once: quit and come back
whenever you like. Ends with exit code 4 as long as the gate waits.`,
    )
    .action(async (workflowId: string, options: LabelOptions) => {
      const { label } = await import('../label/label.ts');
      process.exitCode = await label(workflowId, options);
    });
}

function nameFrom(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It has to be a name.');
  return text.trim();
}
