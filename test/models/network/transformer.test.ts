import { beforeAll, describe, expect, it } from 'vitest';
import { adoptWeights } from '../../../models/network/adopt-weights.ts';
import type { NamedArray } from '../../../models/network/parameters.ts';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import { createNetwork, type NetworkInputs } from '../../../models/network/transformer.ts';
import { rectifiedFlowLoss } from '../../../models/objectives/rectified-flow.ts';
import { type Fixture, maxDifference, networkConfig, readFixture, relativeDifference, testBackend } from './fixture.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

const DROPS: Record<string, { video?: boolean; text?: boolean }> = {
  dropvideo: { video: true },
  droptext: { text: true },
  dropboth: { video: true, text: true },
};

function inputsOf(fixture: Fixture, scope: string): NetworkInputs {
  const drop = DROPS[scope] ?? {};
  const zeros = (name: string, dropped?: boolean) => (dropped ? tf.zerosLike(fixture.tensor(name)) : fixture.tensor(name));
  const mask = fixture.has(`${scope}/in/mask`) ? 'in/mask' : undefined;
  return {
    latents: fixture.tensor('in/x_t'),
    time: fixture.tensor('in/times'),
    text: zeros('in/ctx', drop.text),
    textMask: fixture.tensor('in/ctx_mask'),
    video: zeros('in/video', drop.video),
    ...(fixture.has('in/roll') && { roll: fixture.tensor('in/roll') }),
    ...(mask && { mask: fixture.tensor(`${scope}/${mask}`) }),
  };
}

const TAPS: [RegExp, (match: RegExpMatchArray) => string][] = [
  [/^layer(\d+)_after_map_(\w+)$/, ([, layer, stream]) => `after map ${layer} ${stream}`],
  [/^layer(\d+)_before_map_audio$/, ([, layer]) => `before map ${layer}`],
  [/^time_embed$/, () => 'time'],
];
const tapOf = (name: string): string | undefined => {
  for (const [pattern, place] of TAPS) {
    const match = name.match(pattern);
    if (match) return place(match);
  }
  return undefined;
};

describe.each(['transformer_stage1', 'transformer_stage2', 'transformer_stage2_extra8x64'])('%s', (file) => {
  it.each(['plain', 'masked', 'dropvideo', 'droptext', 'dropboth'])('%s: prediction, states, loss and gradients', (scope) => {
    const fixture = readFixture(tf, file);
    const network = createNetwork(tf, networkConfig(fixture.config));
    const weights = fixture.weights();
    const inputs = inputsOf(fixture, scope);
    const taps = new Map<string, Tensor>();
    const prediction = network.predict(weights, inputs, (place, value) => taps.set(place, value));
    expect(maxDifference(prediction, fixture.array(`${scope}/out/pred`)), 'prediction').toBeLessThanOrEqual(2e-5);
    for (const name of fixture.names.filter((name) => name.startsWith(`${scope}/out/`))) {
      const place = tapOf(name.slice(`${scope}/out/`.length));
      if (place === undefined) continue;
      const value = taps.get(place);
      if (!value) throw new Error(`nothing at ${place}`);
      const expected = fixture.array(name);
      const largest = expected.data.reduce((most, element) => Math.max(most, Math.abs(element)), 0);
      // States above 64 are farther apart in float32 (7.6e-6) than an absolute 2e-5 allows after four layers of sums.
      if (largest > 64) expect(relativeDifference(value, expected), name).toBeLessThan(1e-6);
      else expect(maxDifference(value, expected), name).toBeLessThanOrEqual(2e-5);
    }

    const prefix = `${scope}/grad/`;
    const stored = fixture.names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    if (stored.length === 0) return;
    const statistics = fixture.names
      .filter((name) => name.startsWith(`${scope}/gradstat/`))
      .map((name) => name.slice(`${scope}/gradstat/`.length));
    const leaves = new Map<string, Tensor>([...weights, ['in/x_t', inputs.latents]]);
    const names = [...new Set([...stored, ...statistics])];
    const loss = () => rectifiedFlowLoss(tf, network.predict(weights, inputs), fixture.tensor('in/target'), inputs.mask).loss;
    const { value, grads } = tf.valueAndGrads(loss)(names.map((name) => leaves.get(name) ?? tf.scalar(0)));
    expect(Math.abs((value.dataSync()[0] ?? Number.NaN) - (fixture.array(`${scope}/out/loss`).data[0] ?? 0)), 'loss').toBeLessThanOrEqual(
      2e-6,
    );
    names.forEach((name, i) => {
      const gradient = grads[i];
      if (!gradient) throw new Error(`no gradient by ${name}`);
      if (stored.includes(name)) expect(relativeDifference(gradient, fixture.array(prefix + name)), name).toBeLessThan(2e-5);
      if (!statistics.includes(name)) return;
      const [sum, norm] = fixture.array(`${scope}/gradstat/${name}`).data;
      const data = Float64Array.from(gradient.dataSync());
      const l2 = Math.sqrt(data.reduce((total, element) => total + element * element, 0));
      expect(Math.abs(l2 - (norm ?? 0)), `norm of ${name}`).toBeLessThanOrEqual(1e-4 * (norm ?? 0));
      expect(Math.abs(data.reduce((total, element) => total + element, 0) - (sum ?? 0)), `sum of ${name}`).toBeLessThanOrEqual(
        1e-4 * (norm ?? 0) * Math.sqrt(data.length),
      );
    });
    network.dispose();
  });
});

describe('a stream that joins', () => {
  const arrays = (weights: Map<string, Tensor>) =>
    new Map([...weights].map(([name, tensor]) => [name, { shape: tensor.shape, data: Float32Array.from(tensor.dataSync()) }]));
  const predictGrown = (fixture: Fixture, weights: Map<string, NamedArray>) => {
    const network = createNetwork(tf, { ...networkConfig(fixture.config), extra: EXTRA });
    const tensors = new Map([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]));
    return network.predict(tensors, { ...inputsOf(fixture, 'plain'), roll: tf.fill([2, 24, 51], 0.7) });
  };
  const EXTRA = { width: 20, heads: 2, headWidth: 16, keys: 51 };

  it('changes nothing, to the bit, when the trained columns of the map are copied', () => {
    const fixture = readFixture(tf, 'transformer_stage1');
    const config = { ...networkConfig(fixture.config), extra: EXTRA };
    const { weights, fresh } = adoptWeights(config, arrays(fixture.weights()), 3);
    const alone = createNetwork(tf, networkConfig(fixture.config)).predict(fixture.weights(), inputsOf(fixture, 'plain'));
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
    expect(() => adoptWeights(networkConfig(fixture.config), given, 3)).toThrow(
      /to_pred\.bias[\s\S]*nonsense|nonsense[\s\S]*to_pred\.bias/,
    );
  });
});

describe('bad input', () => {
  it('is refused with the field, what was found and what is expected', () => {
    const fixture = readFixture(tf, 'transformer_stage1');
    const network = createNetwork(tf, networkConfig(fixture.config));
    const { video: _, ...withoutVideo } = inputsOf(fixture, 'plain');
    expect(() => network.predict(fixture.weights(), withoutVideo)).toThrow(/input video/);
    const weights = fixture.weights();
    weights.delete('to_pred.bias');
    expect(() => network.predict(weights, inputsOf(fixture, 'plain'))).toThrow(/to_pred.bias/);
  });
});
