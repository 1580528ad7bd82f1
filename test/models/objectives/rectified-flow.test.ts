import { beforeAll, describe, expect, it } from 'vitest';
import type { Tf } from '../../../models/network/tensor-types.ts';
import {
  applyKeep,
  drawDropout,
  drawNoise,
  drawTimes,
  PAPER_DROPOUT,
  rectifiedFlowLoss,
} from '../../../models/objectives/rectified-flow.ts';
import { testBackend } from '../network/fixture.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

describe('the masked loss', () => {
  it('counts valid frames of the whole batch alike, and is told by clip as well', () => {
    const prediction = tf.tensor3d([
      [[1], [1], [1]],
      [[3], [9], [9]],
    ]);
    const mask = tf.tensor2d([
      [1, 1, 1],
      [1, 0, 0],
    ]);
    const { loss, perClip } = rectifiedFlowLoss(tf, prediction, tf.zeros([2, 3, 1]), mask);
    expect(loss.dataSync()[0]).toBeCloseTo((1 + 1 + 1 + 9) / 4, 6);
    expect([...perClip.dataSync()]).toEqual([1, 9]);
    expect(rectifiedFlowLoss(tf, prediction, tf.zeros([2, 3, 1])).loss.dataSync()[0]).toBeCloseTo((3 + 9 + 81 + 81) / 6, 5);
  });
});

describe('draws', () => {
  it('of times are uniform, or crowded in the middle, and a function of the step', () => {
    const spread = (values: Float32Array) => values.reduce((sum, value) => sum + (value - 0.5) ** 2, 0) / values.length;
    const uniform = drawTimes('uniform', 1, 5, 4000);
    expect(Math.abs(spread(uniform) - 1 / 12)).toBeLessThan(0.01);
    expect(spread(drawTimes('logit-normal', 1, 5, 4000))).toBeLessThan(0.06);
    expect(drawTimes('uniform', 1, 5, 4000)).toEqual(uniform);
    expect(drawTimes('uniform', 1, 6, 4000)).not.toEqual(uniform);
  });
  it('of noise belong to the clip, not to its place in a batch', () => {
    const both = drawNoise(1, 2, 2, 6);
    expect(drawNoise(1, 2, 1, 6, 1)).toEqual(both.subarray(6));
  });
  it('of dropped conditions come at the stated rates, and dropped video is dropped for the whole batch', () => {
    const steps = Array.from({ length: 2000 }, (_, step) => drawDropout(PAPER_DROPOUT, 3, step, [true, false]));
    const rate = (pick: (step: (typeof steps)[number]) => number | undefined) =>
      steps.filter((step) => pick(step) === 0).length / steps.length;
    expect(rate((step) => step.keepText[1])).toBeCloseTo(0.1, 1);
    expect(rate((step) => step.keepText[0])).toBeCloseTo(0.55, 1);
    expect(rate((step) => step.keepVideo[0])).toBeCloseTo(0.2, 1);
    expect(rate((step) => step.keepVideo[1])).toBe(1);
    expect([...applyKeep(tf, tf.ones([2, 1, 2]), tf.tensor1d([0, 1])).dataSync()]).toEqual([0, 0, 1, 1]);
  });
});
