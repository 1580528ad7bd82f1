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
import { interpolate, velocityTarget } from '../../../models/objectives/rectified-flow.ts';
import { normal } from '../../../numeric/random.ts';
import { type Fixture, readFixture, relativeDifference, testBackend } from '../network/fixture.ts';
import { againstDifferences, alikeWhenCompiled, gradientStep, type Leaves } from './gradient-step.ts';

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
  const leaves = () => new Map(['theta_w', 'theta_l'].map((name) => [name, stored(name)]));

  it('loss, log-odds, accuracy and gradients are the reference’s', () => {
    const step = gradientStep(tf, leaves(), (given) => result(given).loss);
    expect(relative(step.loss, number(`${scope}/out/loss`))).toBeLessThan(1e-6);
    for (const name of ['theta_w', 'theta_l'])
      expect(relativeDifference(step.gradient(name), fixture.array(`${scope}/grad/${name}`)), name).toBeLessThan(1e-5);
    const [inside, accuracy] = alikeWhenCompiled(tf, [change(leaves())], ([given]) => {
      const { inside, accuracy } = preferenceLoss(tf, given as Tensor, beta);
      return [inside, accuracy];
    }) as [Tensor, Tensor];
    expect(relativeDifference(inside, fixture.array(`${scope}/out/inside`))).toBeLessThan(1e-6);
    expect(value(accuracy)).toBeCloseTo(number(`${scope}/out/implicit_accuracy`), 6);
  });
  it('turns red when preferred and rejected are swapped', () => {
    const swapped = new Map([
      ['theta_w', stored('theta_l')],
      ['theta_l', stored('theta_w')],
    ]);
    expect(relative(value(result(swapped).loss), number(`${scope}/out/loss`))).toBeGreaterThan(1e-2);
  });
});

/** v = x_t·W + t·b + c·U on pairs: preferred rows first. */
function linearCase({ noise, frames }: PreferenceOptions) {
  const input = (name: string) => fixture.tensor(`linear/in/${name}`);
  const twice = (name: string, second = name) => tf.concat([input(name), input(second)], 0);
  const own = noise === 'own' ? '_l_not_shared' : '';
  const [drawn, time] = [twice('noise', `noise${own}`), twice('t', `t${own}`)];
  const latents = twice('latent_w', 'latent_l');
  const [condition, mask] = [twice('cond'), twice('mask')];
  const point = interpolate(tf, drawn, latents, time);
  const product = (x: Tensor, w: Tensor) => tf.reshape(tf.matMul(tf.reshape(x, [-1, w.shape[0] ?? 0]), w), [...point.shape.slice(0, 2), 4]);
  const velocity = (weights: Leaves, prefix: string) => {
    const part = (name: string) => get(weights, `${prefix}_${name}`);
    const biased = tf.mul(tf.reshape(time, [-1, 1, 1]), part('b'));
    return tf.add(tf.add(product(point, part('W')), biased), product(condition, part('U')));
  };
  const weights = (who: string) => new Map(['W', 'b', 'U'].map((part) => [`${who}_${part}`, fixture.tensor(`linear/w/${who}_${part}`)]));
  const target = velocityTarget(tf, drawn, latents);
  const reference = velocity(weights('ref'), 'ref');
  return {
    trained: weights('theta'),
    change: (given: Leaves) => errorChange(tf, velocity(given, 'theta'), reference, target, frames, mask),
    /** Against the truth itself the change is the whole error. */
    error: (who: string) => errorChange(tf, velocity(weights(who), who), target, target, frames, mask),
  };
}

describe.each<[string, PreferenceOptions]>([
  ['shared_masked_beta2', { ...DIFFUSION_DPO, beta: 2 }],
  ['shared_masked_beta500', { ...DIFFUSION_DPO, beta: 500 }],
  ['authors_own_noise_all_frames', RELEASED_DPO],
])('of a linear model: %s', (name, options) => {
  const scope = `linear/${name}`;
  it('errors, loss and gradients are the reference’s', () => {
    const { change, error, trained } = linearCase(options);
    for (const who of ['theta', 'ref']) {
      const expected = tf.concat(
        ['w', 'l'].map((side) => fixture.tensor(`${scope}/out/error_${who}_${side}`)),
        0,
      );
      expect(relativeDifference(error(who), { shape: expected.shape, data: expected.dataSync() }), who).toBeLessThan(1e-6);
    }
    const step = gradientStep(tf, trained, (given) => preferenceLoss(tf, change(given), options.beta).loss);
    expect(relative(step.loss, number(`${scope}/out/loss`))).toBeLessThan(1e-6);
    for (const weight of ['W', 'b', 'U'])
      expect(relativeDifference(step.gradient(`theta_${weight}`), fixture.array(`${scope}/grad/theta_${weight}`)), weight).toBeLessThan(
        1e-5,
      );
  });
  it('turns red with the other way to count frames, or to draw noise', () => {
    for (const other of [
      { ...options, frames: options.frames === 'all' ? ('valid' as const) : ('all' as const) },
      { ...options, noise: options.noise === 'own' ? ('shared' as const) : ('own' as const) },
    ]) {
      const { change, trained } = linearCase(other);
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
  const { change, trained } = linearCase({ ...DIFFUSION_DPO, beta: 2 });
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
