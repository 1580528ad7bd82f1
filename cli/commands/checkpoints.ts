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
  for (const verb of ['pin', 'unpin'] as const)
    command
      .command(verb)
      .description(verb === 'pin' ? 'Keep the checkpoints of a training, whatever `sostenuto gc` is told.' : 'Let them go again.')
      .argument('<trajectory>', 'the training, or the first digits of it')
      .action((start: string, options: { json?: boolean }) => pin(start, verb === 'pin', options));
}

async function pin(start: string, pinned: boolean, options: { json?: boolean }): Promise<void> {
  const [{ openProjectStore }, { listCheckpoints }, { pinCheckpoints }, { SostenutoError }] = await Promise.all([
    import('../session/project.ts'),
    import('../../engine/checkpoints/checkpoints.ts'),
    import('../../engine/checkpoints/pins.ts'),
    import('../../errors/problem.ts'),
  ]);
  const store = await openProjectStore();
  const trajectories = new Set((await listCheckpoints(store)).map(({ trajectory }) => trajectory));
  const found = [...trajectories].filter((trajectory) => trajectory.startsWith(start));
  const [trajectory] = found;
  if (trajectory === undefined || found.length > 1)
    throw new SostenutoError({
      code: 'CHECKPOINT_MISSING',
      what: found.length > 1 ? 'Several trainings begin with these digits.' : 'No training has checkpoints under this name.',
      where: start,
      expected: (found.length > 1 ? found : [...trajectories]).join(', ') || 'a training with checkpoints (`sostenuto checkpoints ls`)',
    });
  pinCheckpoints(store, trajectory, pinned);
  if (options.json) printJson({ trajectory, pinned });
  else say(`${trajectory.slice(0, 12)} is ${pinned ? '' : 'not '}pinned`);
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
