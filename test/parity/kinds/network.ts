import { expect } from 'vitest';
import type { Tensor, Weights } from '../../../models/network/tensor-types.ts';
import { createNetwork, type NetworkInputs } from '../../../models/network/transformer.ts';
import { interpolate, rectifiedFlowLoss, velocityTarget } from '../../../models/objectives/rectified-flow.ts';
import { euler } from '../../../models/sampling/euler.ts';
import { guidedVelocity } from '../../../models/sampling/guidance.ts';
import { timeGrid } from '../../../models/sampling/time-grid.ts';
import { type Fixture, maxDifference, networkConfig, openFixture, relativeDifference, testBackend } from '../../models/network/fixture.ts';
import { expectStatistics } from '../../models/objectives/gradient-step.ts';
import { everyScope, type Kind } from '../kind.ts';

const tf = await testBackend();

/** What each case drops: the rest is shared by the whole file. */
const DROPS: Record<string, readonly string[]> = { dropvideo: ['in/video'], droptext: ['in/ctx'], dropboth: ['in/video', 'in/ctx'] };

function conditions(fixture: Fixture, scope: string) {
  const input = (name: string) => (DROPS[scope]?.includes(name) ? tf.zerosLike(fixture.tensor(name)) : fixture.tensor(name));
  return {
    text: input('in/ctx'),
    textMask: fixture.tensor('in/ctx_mask'),
    video: input('in/video'),
    ...(fixture.has('in/roll') && { roll: input('in/roll') }),
  };
}

/** Place in our network of a stored state. */
const TAPS: [RegExp, string][] = [
  [/^layer(\d+)_after_map_(\w+)$/, 'after map $1 $2'],
  [/^layer(\d+)_before_map_audio$/, 'before map $1'],
  [/^time_embed$/, 'time'],
];
const tapOf = (name: string): string | undefined => {
  const [pattern, place] = TAPS.find(([pattern]) => pattern.test(name)) ?? [];
  return pattern && place && name.replace(pattern, place);
};

function checkPrediction(fixture: Fixture, scope: string): void {
  const network = createNetwork(tf, networkConfig(fixture));
  const weights = fixture.weights();
  const mask = fixture.has(`${scope}/in/mask`) ? { mask: fixture.tensor(`${scope}/in/mask`) } : {};
  const inputs: NetworkInputs = {
    latents: fixture.tensor('in/x_t'),
    time: fixture.tensor('in/times'),
    ...conditions(fixture, scope),
    ...mask,
  };
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
  checkGradients(fixture, scope, weights, inputs, (given) => network.predict(given, inputs));
  for (const name of fixture.names.filter((name) => name.startsWith(`${scope}/out/fm_loss_times_`))) {
    const time = tf.fill(inputs.time.shape, Number(name.split('_').at(-1)));
    const latents = interpolate(tf, fixture.tensor('in/noise'), fixture.tensor('in/latent'), time);
    const { loss } = rectifiedFlowLoss(
      tf,
      network.predict(weights, { ...inputs, latents, time }),
      fixture.tensor('in/target'),
      inputs.mask,
    );
    expect(maxDifference(loss, fixture.array(name)), name).toBeLessThanOrEqual(2e-6);
  }
  network.dispose();
}

function checkGradients(
  fixture: Fixture,
  scope: string,
  weights: Weights,
  { latents, mask }: NetworkInputs,
  predict: (weights: Weights) => Tensor,
): void {
  const below = (kind: string) => {
    const prefix = `${scope}/${kind}/`;
    return fixture.names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  };
  const [whole, statistics] = [below('grad'), below('gradstat')];
  const leaves = new Map<string, Tensor>([...weights, ['in/x_t', latents]]);
  const names = [...new Set([...whole, ...statistics])];
  const loss = () => rectifiedFlowLoss(tf, predict(weights), fixture.tensor('in/target'), mask).loss;
  const leafOf = (name: string) => {
    const leaf = leaves.get(name);
    if (!leaf) throw new Error(`no ${name} to differentiate by`);
    return leaf;
  };
  const { value, grads } = names.length > 0 ? tf.valueAndGrads(loss)(names.map(leafOf)) : { value: loss(), grads: [] };
  if (fixture.has(`${scope}/out/loss`)) expect(maxDifference(value, fixture.array(`${scope}/out/loss`)), 'loss').toBeLessThanOrEqual(2e-6);
  names.forEach((name, i) => {
    const gradient = grads[i] as Tensor;
    if (whole.includes(name)) expect(relativeDifference(gradient, fixture.array(`${scope}/grad/${name}`)), name).toBeLessThan(2e-5);
    if (statistics.includes(name)) expectStatistics(gradient, fixture.array(`${scope}/gradstat/${name}`), name);
  });
}

const transformer: Kind = {
  name: 'transformer',
  cases: /(?:^|\/)network\/transformer_.*\.safetensors$/,
  checks: (path) => {
    const fixture = openFixture(tf, path);
    return {
      'the straight way between noise and latents': () => {
        const [noise, latents] = [fixture.tensor('in/noise'), fixture.tensor('in/latent')];
        expect(maxDifference(interpolate(tf, noise, latents, fixture.tensor('in/times')), fixture.array('in/x_t'))).toBeLessThan(1e-6);
        expect(maxDifference(velocityTarget(tf, noise, latents), fixture.array('in/target'))).toBeLessThan(1e-6);
      },
      ...everyScope(fixture, (scope) => checkPrediction(fixture, scope)),
    };
  },
};

interface Sampling {
  cfg_strength: number;
  steps: number;
  remove_parallel_component: boolean;
  sway_sampling?: boolean;
  video_drop_prompt?: boolean[];
}

async function checkSample(fixture: Fixture, scope: string): Promise<void> {
  // The config holds numbers and, by the name of each case, how it samples.
  const options = (fixture.config as unknown as Record<string, Sampling>)[scope];
  if (!options) throw new Error(`the config does not say how ${scope} samples`);
  const grid = timeGrid({ steps: options.steps, convention: 'points', sway: options.sway_sampling === false ? 0 : -1 });
  expect(maxDifference(tf.tensor1d(Float32Array.from(grid)), fixture.array(`${scope}/out/t_grid`))).toBeLessThan(1e-6);
  const given = conditions(fixture, scope);
  const keep = options.video_drop_prompt?.map((drop) => (drop ? 0 : 1));
  const text = keep ? tf.mul(given.text, tf.reshape(tf.tensor1d(keep), [-1, 1, 1])) : given.text;
  const guidance = { strength: options.cfg_strength, convention: 'added' as const, orthogonal: options.remove_parallel_component };
  const guided = guidedVelocity(tf, createNetwork(tf, networkConfig(fixture)), guidance);
  const velocity = guided.under(fixture.weights(), { ...given, text });
  const states: Tensor[] = [];
  const sample = await euler(tf, velocity, fixture.tensor('in/noise'), grid, { watch: (_, state) => states.push(tf.clone(state)) });
  guided.dispose();
  expect(maxDifference(sample, fixture.array(`${scope}/out/sample`))).toBeLessThan(1e-4);
  const trajectory = `${scope}/out/trajectory`;
  if (fixture.has(trajectory)) expect(maxDifference(tf.stack(states), fixture.array(trajectory))).toBeLessThan(1e-4);
}

const sampler: Kind = {
  name: 'sampler',
  cases: /(?:^|\/)network\/sampler_.*\.safetensors$/,
  checks: (path) => {
    const fixture = openFixture(tf, path);
    return everyScope(fixture, (scope) => checkSample(fixture, scope));
  },
};

export const networks: readonly Kind[] = [transformer, sampler];
