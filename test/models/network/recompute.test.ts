import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../../models/backend/index.ts';
import { initialParameters, parameterShapes } from '../../../models/network/parameters.ts';
import { recomputed } from '../../../models/network/recompute.ts';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import { createNetwork, type NetworkOptions } from '../../../models/network/transformer.ts';
import { normal } from '../../../numeric/random.ts';
import { relativeDifference, testBackend } from './fixture.ts';
import { SMALL_NETWORK } from './small-network.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

/** Of two layers in each half, so that skips cross what is run again. */
const CONFIG = { ...SMALL_NETWORK, depth: 4 };
const random = (purpose: string, shape: number[]) =>
  tf.tensor(
    normal(
      { seed: 1, purpose },
      shape.reduce((product, side) => product * side, 1),
    ),
    shape,
  );

/** Mean square of the prediction by all weights, which are random, also those that training begins at zero. */
function network(options: NetworkOptions) {
  const { predict } = createNetwork(tf, CONFIG, options);
  const names = [...initialParameters(parameterShapes(CONFIG), 1).keys()];
  const weights = names.map((name) => tf.mul(random(name, [...(parameterShapes(CONFIG).get(name)?.shape ?? [])]), 0.3));
  const inputs = {
    latents: random('latents', [2, 9, 3]),
    time: tf.tensor1d([0.2, 0.7]),
    text: random('text', [2, 4, 6]),
    textMask: tf.tensor2d([1, 1, 1, 1, 1, 1, 0, 0], [2, 4]),
    video: random('video', [2, 9, 10]),
    roll: random('roll', [2, 9, 5]),
    mask: tf.tensor2d([...Array(9).fill(1), ...Array(6).fill(1), 0, 0, 0], [2, 9]),
  };
  let kept = 0;
  const loss = (...given: Tensor[]) => {
    const before = tf.memory().numBytes;
    const value = tf.tidy(() =>
      tf.mean(tf.square(predict(new Map(names.map((name, i) => [name, given[i] as Tensor])), inputs))).asScalar(),
    );
    kept = tf.memory().numBytes - before;
    return value;
  };
  const step = (given: readonly Tensor[]) => tf.grads(loss)([...given]);
  return { names, weights, step, kept: () => kept };
}

describe('a network that runs its layers again', () => {
  it.each(['eager', 'compiled'])('has the gradients of one that keeps everything: %s', (mode) => {
    const [low, usual] = [network({ memory: 'low' }), network({})];
    const run = ({ step, weights }: typeof low) => (mode === 'eager' ? tf.tidy(() => step(weights)) : compile(tf, step).call(weights));
    const [found, expected] = [run(low), run(usual)];
    low.names.forEach((name, i) => {
      const wanted = expected[i] as Tensor;
      expect(relativeDifference(found[i] as Tensor, { shape: wanted.shape, data: wanted.dataSync() }), name).toBeLessThan(1e-6);
    });
  });

  it('keeps less than half as much for the backward pass, and nothing after it', () => {
    const [low, usual] = [network({ memory: 'low' }), network({})];
    for (const { step, weights } of [low, usual]) {
      tf.dispose(step(weights)); // makes the tables of positions
      const before = tf.memory().numTensors;
      tf.dispose(step(weights));
      expect(tf.memory().numTensors).toBe(before);
    }
    expect(low.kept()).toBeLessThan(usual.kept() / 2);
  });
});

describe('a block that is run again', () => {
  const product = (w: Tensor, x: Tensor) => tf.mul(w, tf.square(x));
  it('has the gradients of its weights and inputs, in blocks within blocks too', () => {
    const outer = (w: Tensor, x: Tensor) =>
      recomputed(tf, new Map([['w', w]]), { x }, {}, (own, { x }) => {
        const w = own.get('w') as Tensor;
        return recomputed(tf, new Map([['w', w]]), { x }, { shift: tf.scalar(1) }, (own, { x, shift }) =>
          tf.add(product(own.get('w') as Tensor, x), shift),
        );
      });
    const [dw, dx] = tf.grads((w, x) => tf.sum(outer(w as Tensor, x as Tensor)))([tf.tensor1d([2, 3]), tf.tensor1d([5, 7])]);
    expect([...(dw?.dataSync() ?? []), ...(dx?.dataSync() ?? [])]).toEqual([25, 49, 20, 42]);
  });

  it('loses the gradient of a weight that it was not given', () => {
    const x = tf.tensor1d([5]);
    const hidden = (w: Tensor) =>
      tf.add(
        w,
        recomputed(tf, new Map(), { x }, {}, (_, { x }) => product(w, x)),
      );
    expect(
      tf
        .grad((w) => tf.sum(hidden(w as Tensor)))(tf.tensor1d([2]))
        .dataSync()[0],
    ).toBe(1); // not 26
  });
});
