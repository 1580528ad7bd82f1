import { join } from 'node:path';
import { type Fingerprint, fingerprintTasks } from '../../engine/fingerprint/fingerprint.ts';
import type { PlannedNode } from '../../engine/plan/plan.ts';
import type { Dependencies } from '../dependencies.ts';
import type { LoadedPlan } from './run-plan.ts';

/** Fingerprints of the code as it lies on this machine now. Unchanged files cost a look at each. */
export const takeFingerprints = (
  deps: Pick<Dependencies, 'home' | 'projectRoot'>,
  nodes: readonly PlannedNode[],
): Promise<Record<string, Fingerprint>> =>
  fingerprintTasks(Object.fromEntries(nodes.flatMap((node) => (node.code === undefined ? [] : [[node.task, node.code]]))), {
    projectRoot: deps.projectRoot,
    cache: join(deps.home, 'cache'),
  });

const taken = new Map<string, Promise<Record<string, Fingerprint>>>();

/**
 * Whether this machine had the code that a plan was made with when the plan first arrived here: a worker of another version, or another machine, must
 * not record its results under the plan's keys.
 */
export async function hadPlannedCode(deps: Pick<Dependencies, 'home' | 'projectRoot'>, plan: LoadedPlan, task: string): Promise<boolean> {
  const { digest } = plan.ref;
  const known = taken.get(digest) ?? takeFingerprints(deps, plan.nodes);
  taken.set(digest, known);
  for (const oldest of taken.keys()) if (taken.size > 16) taken.delete(oldest);
  known.catch(() => taken.delete(digest));
  return (await known)[task]?.digest === plan.plan.code[task]?.digest;
}
