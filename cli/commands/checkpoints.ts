import type { Command } from 'commander';
import { size } from '../display/words.ts';
import { print, printJson, say, tableLines } from '../output.ts';

export function declare(command: Command): void {
  command
    .command('ls')
    .description('List checkpoints, newest step first.')
    .argument('[trajectory]', 'only of this training (its trajectory or the first digits of it)')
    .addHelpText('after', '\nGo on from one of them with changed settings: sostenuto run <pipeline> --set … --adopt <trajectory>/<step>')
    .action(list);
}

async function list(start: string | undefined, options: { json?: boolean }): Promise<void> {
  const [{ openProjectStore }, { listCheckpoints }] = await Promise.all([
    import('../session/project.ts'),
    import('../../engine/checkpoints/checkpoints.ts'),
  ]);
  const all = await listCheckpoints(await openProjectStore());
  const found = start === undefined ? all : all.filter(({ trajectory }) => trajectory.startsWith(start));
  if (options.json) return printJson({ checkpoints: found });
  const rows = found.map(({ trajectory, step, bytes, savedAt, adoptedFrom }) => [
    trajectory,
    step,
    size(bytes),
    savedAt,
    adoptedFrom === undefined ? '' : `${adoptedFrom.trajectory.slice(0, 12)}/${adoptedFrom.step}`,
  ]);
  for (const line of tableLines(['trajectory', 'step', 'size', 'saved', 'adopted from'], rows)) print(line);
  say(`${found.length} checkpoints`);
}
