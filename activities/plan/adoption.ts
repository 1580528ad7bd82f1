import { listCheckpoints } from '../../engine/checkpoints/checkpoints.ts';
import type { PlannedNode } from '../../engine/plan/plan.ts';
import type { Store } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';
import type { Adoption } from './run-plan.ts';

/**
 * Finds the checkpoint that `adopt` names: `[<node>=]<trajectory>[/<step>]`. Without a node the run's only training is meant, without a step the newest.
 * @throws SostenutoError `BAD_REQUEST` when the node, the trajectory or the step does not exist.
 */
export async function resolveAdoption(store: Store, nodes: readonly PlannedNode[], adopt: string): Promise<Adoption> {
  const [, named, trajectory = '', step] = /^(?:(.+)=)?([0-9a-f]{64})(?:\/(\d+))?$/.exec(adopt) ?? [];
  const bad = (expected: string): SostenutoError =>
    new SostenutoError({
      code: 'BAD_REQUEST',
      what: 'The field "adopt" of the run\'s input names no checkpoint that can be used.',
      where: 'adopt',
      found: adopt,
      expected,
      hint: '`sostenuto checkpoints ls` lists them.',
    });
  if (trajectory === '') throw bad('[<node>=]<trajectory>[/<step>], the trajectory as 64 hexadecimal digits');
  const trainings = nodes.filter((node) => node.queue === 'train').map(({ id }) => id);
  const node = named ?? (trainings.length === 1 ? trainings[0] : undefined);
  if (node === undefined) throw bad(`<node>= in front, one of ${trainings.join(', ') || nodes.map(({ id }) => id).join(', ')}`);
  if (!nodes.some(({ id }) => id === node)) throw bad(`a node of the pipeline: ${nodes.map(({ id }) => id).join(', ')}`);
  const known = await listCheckpoints(store, trajectory);
  const found = step === undefined ? known[0] : known.find((checkpoint) => checkpoint.step === Number(step));
  if (found === undefined)
    throw bad(known.length === 0 ? 'a trajectory with checkpoints' : `a step of ${known.map((checkpoint) => checkpoint.step).join(', ')}`);
  return { node, trajectory, step: found.step };
}
