import { adoptCheckpoint, openCheckpoints } from '../../engine/checkpoints/checkpoints.ts';
import type { Checkpoints } from '../../engine/define/task.ts';
import { trajectoryKey } from '../../engine/keys/keys.ts';
import type { Lease } from '../../engine/leases/leases.ts';
import type { PlannedNode } from '../../engine/plan/plan.ts';
import type { Store } from '../../engine/store/store.ts';
import { keyed } from '../cache.ts';
import type { Outputs } from '../messages.ts';
import type { LoadedPlan } from '../plan/run-plan.ts';

/** Which checkpoints belong to a node; plain data, because a child process opens them. */
export interface CheckpointPlan {
  readonly trajectory: string;
  readonly keep?: number;
  readonly adopt?: { readonly trajectory: string; readonly step: number };
}
export interface CheckpointEvents {
  readonly warn: (message: string) => void;
  readonly saved: (step: number) => void;
  readonly adopted: (from: string) => void;
}

/** A node that has to run again has a trajectory of its own: the checkpoints from before are another one's. */
export function checkpointPlan(plan: LoadedPlan, node: PlannedNode, inputs: Outputs, item?: unknown): CheckpointPlan {
  const whole = keyed(plan, node, inputs, item);
  const code = plan.forcedNodes.has(node.id) ? `${whole.code}@${plan.since}` : whole.code;
  const keep = node.operational['keepCheckpoints'];
  const { adopt } = plan;
  return {
    trajectory: trajectoryKey({ ...whole, code, endParams: node.endParams }),
    ...(typeof keep === 'number' ? { keep } : {}),
    ...(adopt?.node === node.id ? { adopt: { trajectory: adopt.trajectory, step: adopt.step } } : {}),
  };
}

/** The checkpoints of a node as its task sees them. A checkpoint that a person chose is taken over when the node has none of its own. */
export function openTaskCheckpoints(store: Store, plan: CheckpointPlan, lease: Lease, events: CheckpointEvents): Checkpoints {
  const own = openCheckpoints(store, plan.trajectory, {
    lease,
    onWarning: events.warn,
    ...(plan.keep === undefined ? {} : { keep: plan.keep }),
  });
  return {
    async latest(options) {
      const found = await own.latest(options);
      if (found !== undefined || plan.adopt === undefined || plan.adopt.trajectory === plan.trajectory) return found;
      const { trajectory, step } = plan.adopt;
      await adoptCheckpoint(store, trajectory, step, plan.trajectory, { lease });
      events.adopted(`${trajectory}/${step}`);
      events.warn(`Goes on from the adopted checkpoint ${trajectory.slice(0, 12)}/${step}.`);
      return own.latest(options);
    },
    best: (options) => own.best(options),
    async save(step, state, write, score) {
      await own.save(step, state, write, score);
      events.saved(step);
    },
  };
}
