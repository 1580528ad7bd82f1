import { beforeAll, describe, expect, it } from 'vitest';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import { addNoise, UNIQUE_AUGMENTATION } from '../../../models/objectives/factor-cl/augment.ts';
import { chooseFrames, drawWindows, jitterWindows, takeFrames } from '../../../models/objectives/frame-choice.ts';
import { normal } from '../../../numeric/random.ts';
import { testBackend } from '../network/fixture.ts';
import { againstDifferences } from './gradient-step.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

describe('windows', () => {
  const lengths = [10, 7, 2];
  const steps = Array.from({ length: 400 }, (_, step) => drawWindows(1, step, lengths, 3, false));
  it('lie within their clips, reach every place, and are a function of the step', () => {
    const places = (clip: number) => [...new Set(steps.map((starts) => starts[clip] ?? -1))].sort((a, b) => a - b);
    expect(places(0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(places(1)).toEqual([0, 1, 2, 3, 4]);
    expect(places(2)).toEqual([0]);
    expect(drawWindows(1, 5, lengths, 3, false)).toEqual(steps[5]);
    expect(drawWindows(2, 5, lengths, 3, false)).not.toEqual(steps[5]);
  });
  it('are the same place in all clips if shared', () => {
    for (let step = 0; step < 50; step++) expect(new Set(drawWindows(1, step, [10, 7, 5], 1, true)).size).toBe(1);
  });
  it('move aside by at most the jitter and stay within their clips', () => {
    const { jitterFrames } = UNIQUE_AUGMENTATION;
    const moved = steps.map((starts, step) => jitterWindows(1, step, starts, lengths, 3, jitterFrames));
    const offsets = moved.map((starts, step) => (starts[0] ?? 0) - (steps[step]?.[0] ?? 0));
    expect([...new Set(offsets)].map(Math.abs).sort()).toEqual([0, 1, 1, 2, 2]);
    const inside = moved.every((starts) => starts.every((start, i) => start >= 0 && start + 3 <= Math.max(3, lengths[i] ?? 0)));
    expect(inside).toBe(true);
  });
});

describe('taking frames', () => {
  it('is a product with one-hot rows; frames behind a clip’s end are zeros and masked', () => {
    const { selection, mask } = chooseFrames([1, 2], [4, 3], 2, 4);
    const sequence = tf.tensor3d([0, 1, 2, 3, 10, 11, 12, 13], [2, 4, 1]);
    expect([...takeFrames(tf, sequence, tf.tensor3d(selection, [2, 2, 4])).dataSync()]).toEqual([1, 2, 12, 0]);
    expect([...mask]).toEqual([1, 1, 1, 0]);
  });
});

describe('the noise of a second view', () => {
  const features = () => tf.tensor2d(normal({ seed: 2, purpose: 'x' }, 12), [3, 4]);
  const noise = () => tf.tensor2d(normal({ seed: 2, purpose: 'n' }, 12), [3, 4]);
  it('is in proportion to the vector, so that a stream of larger values is not left alone', () => {
    const small = addNoise(tf, features(), noise(), 0.1);
    const large = addNoise(tf, tf.mul(features(), 1000), noise(), 0.1);
    expect(tf.max(tf.abs(tf.sub(tf.div(large, 1000), small))).dataSync()[0]).toBeLessThan(1e-5);
    expect(tf.max(tf.abs(tf.sub(small, features()))).dataSync()[0]).toBeGreaterThan(0.01);
  });
  it('has the gradient of finite differences, and none that is not finite for zeros', () => {
    const loss = (x: Tensor) => tf.sum(tf.square(addNoise(tf, x, noise(), 0.5)));
    expect(againstDifferences(tf, new Map([['x', features()]]), (leaves) => loss(leaves.get('x') as Tensor))).toBeLessThan(1e-2);
    expect(
      tf
        .grad(loss)(tf.zeros([3, 4]))
        .dataSync()
        .every(Number.isFinite),
    ).toBe(true);
  });
});
