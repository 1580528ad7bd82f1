import { type Command, InvalidArgumentError } from 'commander';
import { QUEUES, type Queue } from '../../engine/define/task.ts';
import { nearest } from '../../engine/plan/nearest.ts';

export function declare(command: Command): void {
  command
    .option('--queues <names>', 'which work it takes, separated by commas: light, cpu, train', queuesFrom, [...QUEUES])
    .addHelpText(
      'after',
      `
Examples:
  sostenuto worker                       everything
  sostenuto worker --queues train        trainings alone, as many at once as slots.train says
  TEMPORAL_ADDRESS=host:7233 SOSTENUTO_HOME=/shared/home sostenuto worker --queues cpu

Workers on other machines need the same store (a shared folder as SOSTENUTO_HOME) and the same code.
Ctrl-C or SIGTERM: running trainings save a checkpoint, then it ends.`,
    )
    .action(async (options: { queues: Queue[]; json?: boolean }) => {
      const { work } = await import('../session/work.ts');
      process.exitCode = await work(options.queues);
    });
}

function queuesFrom(text: string): Queue[] {
  return text.split(',').map((word) => {
    const name = QUEUES.find((queue) => queue === word.trim());
    if (name !== undefined) return name;
    const close = nearest(word, QUEUES);
    throw new InvalidArgumentError(
      `There is no queue "${word}"${close === undefined ? '' : `; did you mean ${close}?`} (light, cpu, train)`,
    );
  });
}
