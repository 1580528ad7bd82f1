import { expect, test } from 'vitest';
import { ema } from '../../../models/training/ema.ts';
import { adam, adamScalars, clipFactor, TORCH_ADAM } from '../../../models/training/optimiser.ts';
import { compiledUpdate } from '../../../models/training/update.ts';
import { relativeDifference, testBackend } from '../network/fixture.ts';

test('an update is Adam with the gradient clipped, then the average, and leaves no tensor behind', async () => {
  const tf = await testBackend();
  const optimiser = { ...TORCH_ADAM, clipNorm: 0.5 };
  const draw = (seed: number) => tf.randomNormal([40], 0, 1, 'float32', seed);
  const state = { weights: draw(1), moments: { first: draw(2), second: tf.square(draw(3)) }, average: draw(4) };
  const gradient = draw(5);
  const [rate, update, averageShare] = [1e-2, 3, 0.2];
  const scalars = adamScalars(optimiser, update, rate);
  const expected = (norm: number) =>
    tf.tidy(() => {
      const { first, second, change } = adam(tf, optimiser, state.moments, tf.mul(gradient, clipFactor(norm, 0.5)), scalars);
      const weights = tf.sub(state.weights, change);
      return [weights, first, second, ema(tf, state.average, weights, averageShare)].map((tensor) => tensor.arraySync() as number[]);
    });
  const [wanted, unclipped] = [expected(2), expected(0.1)];
  const updating = compiledUpdate(tf, optimiser);
  const before = tf.memory().numTensors;
  updating.apply(state, gradient, { norm: 2, rate, update, averageShare });
  expect(tf.memory().numTensors).toBe(before);
  const { weights, moments, average } = state;
  for (const [i, tensor] of [weights, moments.first, moments.second, average].entries()) {
    expect(relativeDifference(tensor, { shape: [40], data: wanted[i] ?? [] })).toBeLessThan(1e-6);
    expect(relativeDifference(tensor, { shape: [40], data: unclipped[i] ?? [] })).toBeGreaterThan(1e-5);
  }
  updating.dispose();
});

test.each([
  ['as AdamW of PyTorch 2.15', 0.2, true],
  ['and not without the decay', 0, false],
])('weights decay by themselves, %s', async (_, weightDecay, alike) => {
  const tf = await testBackend();
  const updating = compiledUpdate(tf, { ...TORCH_ADAM, weightDecay });
  const start = tf.tensor1d([1, -2, 0.5, 3]);
  const state = { weights: start, moments: { first: tf.zerosLike(start), second: tf.zerosLike(start) }, average: undefined };
  const gradients = [
    [0.1, -0.3, 0, 2],
    [0.2, 0.1, 0, -1],
    [-0.4, 0.2, 0, 0.5],
  ];
  for (const [i, gradient] of gradients.entries()) updating.apply(state, tf.tensor1d(gradient), { norm: 1, rate: 0.1, update: i + 1 });
  const difference = relativeDifference(state.weights, { shape: [4], data: [0.7699436, -1.7551525, 0.470596, 2.6673925] });
  if (alike) expect(difference).toBeLessThan(1e-6);
  else expect(difference).toBeGreaterThan(1e-2);
  updating.dispose();
});
