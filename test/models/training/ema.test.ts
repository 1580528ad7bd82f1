import { beforeAll, describe, expect, it } from 'vitest';
import type { Tf } from '../../../models/network/tensor-types.ts';
import { ema, emaDecay } from '../../../models/training/ema.ts';
import { testBackend } from '../network/fixture.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

describe('averages of the weights', () => {
  it('with a constant decay follow quickly at first and slowly later', () => {
    const decays = [1, 10, 100, 1e6].map((update) => emaDecay({ kind: 'constant', decay: 0.99 }, update));
    expect(decays).toEqual([1 / 11, 0.5, 100 / 110, 0.99]);
  });
  it('of the power kind forget the first weights and widen with training', () => {
    const options = { kind: 'power', gamma: 6.937 } as const;
    expect(emaDecay(options, 1)).toBe(0);
    expect(emaDecay(options, 1000)).toBeCloseTo((1 - 1 / 1000) ** 7.937, 12);
  });
  it('move by a share of the distance', () => {
    expect([...ema(tf, tf.tensor1d([0, 2]), tf.tensor1d([1, 4]), 0.25).dataSync()]).toEqual([0.25, 2.5]);
  });
});
