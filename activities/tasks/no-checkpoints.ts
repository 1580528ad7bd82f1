import type { Checkpoints } from '../../engine/define/task.ts';
import { SostenutoError } from '../../errors/problem.ts';

/** Light tasks are done again from the start: what needs checkpoints has to say so by `runs`. */
export const noCheckpoints = (node: string) => (): Checkpoints => {
  throw new SostenutoError({
    code: 'NO_CHECKPOINTS',
    what: 'A task with `runs: "local"` has no checkpoints.',
    where: node,
    expected: '`runs: "worker"` or `runs: "process"`',
  });
};
