import { beforeAll, describe, expect, it } from 'vitest';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import { type RollLoss, rollLoss, rollMonitor } from '../../../models/objectives/roll-loss.ts';
import { type Fixture, maxDifference, readFixture, testBackend } from '../network/fixture.ts';
import { againstDifferences, gradientStep, type Leaves } from './gradient-step.ts';

let tf: Tf;
let fixture: Fixture;
beforeAll(async () => {
  tf = await testBackend();
  fixture = readFixture(tf, 'loss_roll');
});

const input = (name: string) => fixture.tensor(`in/${name}`);
const lossOf =
  (kind: RollLoss, mask = true) =>
  (leaves: Leaves) =>
    rollLoss(tf, kind, leaves.get('pred') as Tensor, input('target'), mask ? input('mask') : undefined);
const value = (tensor: Tensor) => tensor.dataSync()[0] ?? Number.NaN;

describe('the roll loss of the code', () => {
  it('is another one without the mask, or without the weights', () => {
    const expected = fixture.array('out/weighted_mse').data[0] ?? Number.NaN;
    const leaves = new Map([['pred', input('pred')]]);
    expect(Math.abs(value(lossOf('code', false)(leaves)) - expected)).toBeGreaterThan(1e-5);
    expect(Math.abs(value(lossOf('paper')(leaves)) - expected)).toBeGreaterThan(1e-2);
  });
  it('weighs a note nine times as much as silence', () => {
    const missed = rollLoss(tf, 'code', tf.tensor2d([[0, 0]]), tf.tensor2d([[1, 0]]));
    const invented = rollLoss(tf, 'code', tf.tensor2d([[0, 1]]), tf.tensor2d([[0, 0]]));
    expect(value(missed) / value(invented)).toBeCloseTo(9, 4);
  });
});

describe('the other forms', () => {
  it('are the plain mean of squares, and the cross-entropy of logits', () => {
    const [x, m] = [tf.tensor2d([[0.2, -1, 3]]), tf.tensor2d([[1, 0, 0.5]])];
    expect(value(rollLoss(tf, 'paper', x, m))).toBeCloseTo((0.8 ** 2 + 1 + 2.5 ** 2) / 3, 6);
    const entropy = (logit: number, target: number) => {
      const p = 1 / (1 + Math.exp(-logit));
      return -target * Math.log(p) - (1 - target) * Math.log(1 - p);
    };
    expect(value(rollLoss(tf, 'audeo', x, m))).toBeCloseTo((entropy(0.2, 1) + entropy(-1, 0) + entropy(3, 0.5)) / 3, 6);
  });
  it('stay finite for logits of any size', () => {
    const far = new Map([['x', tf.tensor2d([[200, -200, 0]])]]);
    const step = gradientStep(tf, far, (leaves) => rollLoss(tf, 'audeo', leaves.get('x') as Tensor, tf.tensor2d([[0, 1, 0.5]])));
    expect(step.loss).toBeCloseTo((200 + 200 + Math.LN2) / 3, 3);
    expect(maxDifference(step.gradient('x'), { shape: [1, 3], data: [1 / 3, -1 / 3, 0] })).toBeLessThan(1e-6);
  });
  it.each<RollLoss>(['code', 'paper', 'audeo'])('have the gradients of finite differences: %s', (kind) => {
    const scaled = (leaves: Leaves) => tf.mul(lossOf(kind)(leaves), 100);
    expect(againstDifferences(tf, new Map([['pred', input('pred')]]), scaled)).toBeLessThan(2e-3);
  });
});

describe('the training monitor', () => {
  const expected = () => fixture.array('out/monitor_precision_recall_f1_acc');
  it('counts padding if nobody masks it', () => {
    expect(maxDifference(rollMonitor(tf, input('pred'), input('target')), expected())).toBeGreaterThan(1e-3);
  });
  it('is 0 where nothing sounds, and leaves frames out that fill no group', () => {
    expect([...rollMonitor(tf, tf.zeros([1, 3, 4]), tf.zeros([1, 3, 4])).dataSync()]).toEqual([0, 0, 0, 0]);
    const sounding = tf.ones([1, 5, 2]);
    expect([...rollMonitor(tf, sounding, sounding).dataSync()]).toEqual([1, 1, 1, 1]);
    expect([...rollMonitor(tf, sounding, sounding, tf.tensor2d([[1, 1, 0, 1, 1]])).dataSync()]).toEqual([0, 0, 0, 0]);
  });
});
