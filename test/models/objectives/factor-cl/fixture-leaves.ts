import type { Tensor } from '../../../../models/network/tensor-types.ts';
import type { FactorClBatch } from '../../../../models/objectives/factor-cl/objective.ts';
import type { Fixture } from '../../network/fixture.ts';
import type { Leaves } from '../gradient-step.ts';

export const PREFIX = 'transformer.contrastive_loss.';
/** Weights and features of a fixture, all to be differentiated by. */
export const leavesOf = (fixture: Fixture): Leaves =>
  new Map([
    ...[...fixture.weights()].map(([name, tensor]) => [PREFIX + name, tensor] as const),
    ...['in/x1', 'in/x2'].map((name) => [name, fixture.tensor(name)] as const),
  ]);
export function batchOf(fixture: Fixture, leaves: Leaves): FactorClBatch {
  const condition = fixture.has('in/y')
    ? { labels: fixture.tensor('in/y') }
    : { audio: fixture.tensor('in/x1_aug'), video: fixture.tensor('in/x2_aug') };
  return { audio: leaves.get('in/x1') as Tensor, video: leaves.get('in/x2') as Tensor, condition };
}
