import { beforeAll, describe, expect, it } from 'vitest';
import type { Tensor, Tf } from '../../../../models/network/tensor-types.ts';
import { club, infoNce, pairScores } from '../../../../models/objectives/factor-cl/critic.ts';
import { normal } from '../../../../numeric/random.ts';
import { type Fixture, readFixture, testBackend } from '../../network/fixture.ts';
import { againstDifferences, type Leaves } from '../gradient-step.ts';

let tf: Tf;
let fixture: Fixture;
beforeAll(async () => {
  tf = await testBackend();
  fixture = readFixture(tf, 'loss_factorcl_critics');
});

type Order = 'xy' | 'yx';
const scores = (leaves: Leaves, order: Order) =>
  pairScores(tf, leaves, '_f', leaves.get('in/x') as Tensor, leaves.get('in/y') as Tensor, order);
const losses: Record<string, { weights: string; loss: (leaves: Leaves, order?: Order) => Tensor }> = {
  infonce: { weights: 'infonce', loss: (leaves, order = 'xy') => tf.neg(infoNce(tf, scores(leaves, order))) },
  club: { weights: 'club', loss: (leaves, order = 'yx') => club(tf, scores(leaves, order)) },
  club_learning: { weights: 'club', loss: (leaves, order = 'yx') => tf.neg(infoNce(tf, scores(leaves, order))) },
  club_authors_sign: { weights: 'club', loss: (leaves, order = 'yx') => tf.neg(club(tf, scores(leaves, order))) },
};
const leavesOf = (weights: string): Leaves =>
  new Map([...fixture.weights(weights), ...['in/x', 'in/y'].map((name) => [name, fixture.tensor(name)] as const)]);
const value = (tensor: Tensor) => tensor.dataSync()[0] ?? Number.NaN;

describe.each(Object.entries(losses))('%s of the reference', (scope, { weights, loss }) => {
  const expected = () => fixture.array(`${scope}/out/loss`).data[0] ?? Number.NaN;
  it('is another one when the pair is laid out the other way round', () => {
    const other: Order = scope === 'infonce' ? 'yx' : 'xy';
    expect(Math.abs(value(loss(leavesOf(weights), other)) - expected())).toBeGreaterThan(1e-3);
  });
});

it('scores pair by pair as the perceptron on the concatenated pair, x along columns', () => {
  const [x, y] = [fixture.tensor('in/x'), fixture.tensor('in/y')];
  const of = (i: number, j: number) => {
    const pair = pairScores(tf, fixture.weights('club'), '_f', tf.slice(x, [j, 0], [1, -1]), tf.slice(y, [i, 0], [1, -1]), 'yx');
    return value(pair);
  };
  const all = scores(leavesOf('club'), 'yx').arraySync() as number[][];
  for (const [i, j] of [
    [0, 0],
    [1, 4],
    [4, 1],
  ] as const)
    expect(all[i]?.[j]).toBeCloseTo(of(i, j), 6);
  expect(all[1]?.[4]).not.toBeCloseTo(all[4]?.[1] ?? 0, 3);
});

describe('the bounds', () => {
  const random = (n: number, scale: number) => tf.mul(tf.tensor2d(normal({ seed: 1, purpose: `scores ${n}` }, n * n), [n, n]), scale);
  it('I_NCE never exceeds ln N, reaches it for a perfect critic, and is 0 for a constant one', () => {
    for (const n of [2, 6, 20])
      for (const scale of [0.1, 1, 30]) expect(value(infoNce(tf, random(n, scale)))).toBeLessThanOrEqual(Math.log(n) + 1e-5);
    expect(value(infoNce(tf, tf.mul(tf.eye(6), 50)))).toBeCloseTo(Math.log(6), 5);
    expect(value(infoNce(tf, tf.fill([6, 6], 3)))).toBeCloseTo(0, 6);
  });
  it('CLUB of a constant critic is 0; of a perfect one it has no limit', () => {
    expect(value(club(tf, tf.fill([6, 6], 3)))).toBeCloseTo(0, 6);
    expect(value(club(tf, tf.mul(tf.eye(6), 600)))).toBeCloseTo(500, 2);
  });
  it('have the gradients of finite differences', () => {
    for (const bound of [infoNce, club])
      expect(againstDifferences(tf, new Map([['s', random(4, 1)]]), (leaves) => bound(tf, leaves.get('s') as Tensor))).toBeLessThan(1e-3);
  });
});
