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
  const [{ openProjectStore }, { bestOf, listCheckpoints }] = await Promise.all([
    import('../session/project.ts'),
    import('../../engine/checkpoints/checkpoints.ts'),
  ]);
  const all = await listCheckpoints(await openProjectStore());
  const wanted = start === undefined ? all : all.filter(({ trajectory }) => trajectory.startsWith(start));
  const best = new Set(
    [...new Set(wanted.map(({ trajectory }) => trajectory))].map((one) => bestOf(wanted.filter((info) => info.trajectory === one))),
  );
  const found = wanted.map((info) => ({ ...info, isBest: best.has(info) }));
  if (options.json) return printJson({ checkpoints: found });
  const rows = found.map(({ trajectory, step, score, isBest, bytes, savedAt, adoptedFrom }) => [
    trajectory,
    step,
    score === undefined ? '' : `${score}${isBest ? ' (best)' : ''}`,
    size(bytes),
    savedAt,
    adoptedFrom === undefined ? '' : `${adoptedFrom.trajectory.slice(0, 12)}/${adoptedFrom.step}`,
  ]);
  for (const line of tableLines(['trajectory', 'step', 'score', 'size', 'saved', 'adopted from'], rows)) print(line);
  say(`${found.length} checkpoints`);
}
