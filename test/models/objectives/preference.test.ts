import { beforeAll, describe, expect, it } from 'vitest';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import {
  DIFFUSION_DPO,
  drawPreference,
  errorChange,
  type PreferenceOptions,
  preferenceLoss,
  RELEASED_DPO,
} from '../../../models/objectives/preference.ts';
import { normal } from '../../../numeric/random.ts';
import { type Fixture, readFixture, testBackend } from '../network/fixture.ts';
import { againstDifferences, gradientStep, type Leaves } from './gradient-step.ts';
import { linearPreference } from './linear-preference.ts';

let tf: Tf;
let fixture: Fixture;
beforeAll(async () => {
  tf = await testBackend();
  fixture = readFixture(tf, 'loss_preference');
});

const get = (leaves: Leaves, name: string) => leaves.get(name) as Tensor;
const value = (tensor: Tensor) => tensor.dataSync()[0] ?? Number.NaN;
const number = (name: string) => fixture.array(name).data[0] ?? Number.NaN;
const relative = (found: number, expected: number) => Math.abs(found - expected) / Math.abs(expected);

describe.each([1, 2, 100, 2000])('of given errors, β = %d', (beta) => {
  const scope = `errors/beta${beta}`;
  const stored = (name: string) => fixture.tensor(`errors/in/${name}`);
  const change = (leaves: Leaves) =>
    tf.concat(
      ['w', 'l'].map((side) => tf.sub(get(leaves, `theta_${side}`), stored(`ref_${side}`))),
      0,
    );
  const result = (leaves: Leaves) => preferenceLoss(tf, change(leaves), beta);
  it('turns red when preferred and rejected are swapped', () => {
    const swapped = new Map([
      ['theta_w', stored('theta_l')],
      ['theta_l', stored('theta_w')],
    ]);
    expect(relative(value(result(swapped).loss), number(`${scope}/out/loss`))).toBeGreaterThan(1e-2);
  });
});

describe.each<[string, PreferenceOptions]>([
  ['shared_masked_beta2', { ...DIFFUSION_DPO, beta: 2 }],
  ['shared_masked_beta500', { ...DIFFUSION_DPO, beta: 500 }],
  ['authors_own_noise_all_frames', RELEASED_DPO],
])('of a linear model: %s', (name, options) => {
  const scope = `linear/${name}`;
  it('turns red with the other way to count frames, or to draw noise', () => {
    for (const other of [
      { ...options, frames: options.frames === 'all' ? ('valid' as const) : ('all' as const) },
      { ...options, noise: options.noise === 'own' ? ('shared' as const) : ('own' as const) },
    ]) {
      const { change, trained } = linearPreference(tf, fixture, other);
      const { loss } = preferenceLoss(tf, change(trained), options.beta);
      expect(relative(value(loss), number(`${scope}/out/loss`))).toBeGreaterThan(1e-4);
    }
  });
});

describe('at the reference', () => {
  const draw = (purpose: string) => tf.tensor3d(normal({ seed: 5, purpose }, 24), [4, 3, 2]);
  const [velocity, target] = [() => draw('velocity'), () => draw('target')];
  const lossOf = (reference: (given: Tensor) => Tensor, beta: number) => (given: Leaves) =>
    preferenceLoss(tf, errorChange(tf, get(given, 'v'), reference(get(given, 'v')), target(), 'valid'), beta);

  it.each([1, 500, 5000])('the loss is ln 2 and nothing is counted as right, β = %d', (beta) => {
    const { loss, accuracy } = lossOf(velocity, beta)(new Map([['v', velocity()]]));
    expect(value(loss)).toBeCloseTo(Math.LN2, 6);
    expect(value(accuracy)).toBe(0);
  });
  it('a step along the gradient lowers the errors of the preferred and raises those of the rejected', () => {
    const leaves = new Map<string, Tensor>([['v', velocity()]]);
    const step = gradientStep(tf, leaves, (given) => lossOf(velocity, 4)(given).loss);
    const moved = tf.sub(velocity(), tf.mul(step.gradient('v'), 0.1));
    const signs = errorChange(tf, moved, velocity(), target(), 'valid').dataSync<'float32'>().map(Math.sign);
    expect([...signs]).toEqual([-1, -1, 1, 1]);
    expect(value(lossOf(velocity, 4)(new Map([['v', moved]])).loss)).toBeLessThan(Math.LN2);
  });
  it('a reference that follows the model has no say: the loss stays ln 2 wherever the model goes', () => {
    const step = gradientStep(tf, new Map<string, Tensor>([['v', velocity()]]), (given) => lossOf((v) => v, 4)(given).loss);
    expect(step.loss).toBeCloseTo(Math.LN2, 6);
    expect(value(tf.max(tf.abs(step.gradient('v'))))).toBeLessThan(1e-7);
  });
});

it('gradients agree with finite differences', () => {
  const { change, trained } = linearPreference(tf, fixture, { ...DIFFUSION_DPO, beta: 2 });
  expect(againstDifferences(tf, trained, (given) => preferenceLoss(tf, change(given), 2).loss)).toBeLessThan(2e-3);
});

describe('the draws', () => {
  it('are the same for both clips of a pair, or each its own, and a function of the step', () => {
    const shared = drawPreference('shared', 'uniform', 1, 7, 2, 6);
    expect(shared.noise.subarray(12)).toEqual(shared.noise.subarray(0, 12));
    expect(shared.times.subarray(2)).toEqual(shared.times.subarray(0, 2));
    const own = drawPreference('own', 'uniform', 1, 7, 2, 6);
    expect(own.noise.subarray(12)).not.toEqual(own.noise.subarray(0, 12));
    expect(own.times).toHaveLength(4);
    expect(new Set(own.times).size).toBe(4);
    expect(drawPreference('shared', 'uniform', 1, 7, 2, 6)).toEqual(shared);
    expect(drawPreference('shared', 'uniform', 1, 8, 2, 6)).not.toEqual(shared);
  });
  it('padding makes a clip seem better only where all frames count', () => {
    const [prediction, target] = [tf.ones([2, 4, 1]), tf.zeros([2, 4, 1])];
    const mask = tf.tensor2d([
      [1, 1, 1, 1],
      [1, 1, 0, 0],
    ]);
    const change = (frames: PreferenceOptions['frames']) => [...errorChange(tf, prediction, target, target, frames, mask).dataSync()];
    expect(change('valid')).toEqual([1, 1]);
    expect(change('all')).toEqual([1, 0.5]);
  });
});
