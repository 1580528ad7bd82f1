import { beforeAll, describe, expect, it } from 'vitest';
import { adoptWeights } from '../../../models/network/adopt-weights.ts';
import type { NamedArray } from '../../../models/network/parameters.ts';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import { createNetwork, type NetworkInputs } from '../../../models/network/transformer.ts';
import { type Fixture, maxDifference, networkConfig, readFixture, testBackend } from './fixture.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

const inputsOf = (fixture: Fixture): NetworkInputs => ({
  latents: fixture.tensor('in/x_t'),
  time: fixture.tensor('in/times'),
  text: fixture.tensor('in/ctx'),
  textMask: fixture.tensor('in/ctx_mask'),
  video: fixture.tensor('in/video'),
});

describe('a stream that joins', () => {
  const arrays = (weights: Map<string, Tensor>) =>
    new Map([...weights].map(([name, tensor]) => [name, { shape: tensor.shape, data: Float32Array.from(tensor.dataSync()) }]));
  const predictGrown = (fixture: Fixture, weights: Map<string, NamedArray>) => {
    const network = createNetwork(tf, { ...networkConfig(fixture), extra: EXTRA });
    const tensors = new Map([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]));
    return network.predict(tensors, { ...inputsOf(fixture), roll: tf.fill([2, 24, 51], 0.7) });
  };
  const EXTRA = { width: 20, heads: 2, headWidth: 16, keys: 51 };

  it('changes nothing, to the bit, when the trained columns of the map are copied', () => {
    const fixture = readFixture(tf, 'transformer_stage1');
    const config = { ...networkConfig(fixture), extra: EXTRA };
    const { weights, fresh } = adoptWeights(config, arrays(fixture.weights()), 3);
    const alone = createNetwork(tf, networkConfig(fixture)).predict(fixture.weights(), inputsOf(fixture));
    expect(maxDifference(predictGrown(fixture, weights), { shape: alone.shape, data: alone.dataSync() })).toBe(0);
    expect(fresh.every((name) => /\.2\.|frames/.test(name))).toBe(true);

    // A load that leaves out the renamed map, as the released trainer does, loses what was trained.
    const lost = arrays(fixture.weights());
    for (let i = 0; i < config.depth; i++) lost.delete(`transformer.layers.${i}.1.5.text_to_audio.weight`);
    const changed = predictGrown(fixture, adoptWeights(config, lost, 3).weights);
    expect(maxDifference(changed, { shape: alone.shape, data: alone.dataSync() })).toBeGreaterThan(1);
  });

  it('refuses weights of other names or shapes, all at once', () => {
    const fixture = readFixture(tf, 'transformer_stage1');
    const given = arrays(fixture.weights());
    given.set('nonsense', { shape: [1], data: new Float32Array(1) });
    given.set('to_pred.bias', { shape: [3], data: new Float32Array(3) });
    expect(() => adoptWeights(networkConfig(fixture), given, 3)).toThrow(/to_pred\.bias[\s\S]*nonsense|nonsense[\s\S]*to_pred\.bias/);
  });
});

describe('bad input', () => {
  it('is refused with the field, what was found and what is expected', () => {
    const fixture = readFixture(tf, 'transformer_stage1');
    const network = createNetwork(tf, networkConfig(fixture));
    const { video: _, ...withoutVideo } = inputsOf(fixture);
    expect(() => network.predict(fixture.weights(), withoutVideo)).toThrow(/input video/);
    const weights = fixture.weights();
    weights.delete('to_pred.bias');
    expect(() => network.predict(weights, inputsOf(fixture))).toThrow(/to_pred.bias/);
  });
});
