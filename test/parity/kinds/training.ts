import { expect } from 'vitest';
import type { Tensor } from '../../../models/network/tensor-types.ts';
import { createNetwork } from '../../../models/network/transformer.ts';
import { interpolate, rectifiedFlowLoss, velocityTarget } from '../../../models/objectives/rectified-flow.ts';
import { train } from '../../../models/training/loop.ts';
import { type AdamOptions, adam, adamScalars, clipFactor, type Moments } from '../../../models/training/optimiser.ts';
import { schedule } from '../../../models/training/schedule.ts';
import { type Fixture, maxDifference, networkConfig, openFixture, relativeDifference, testBackend } from '../../models/network/fixture.ts';
import { complete, type Kind } from '../kind.ts';

const tf = await testBackend();

/** Never trained, nor differentiated by. */
const BUFFERS = /time_cond_mlp\.0\.weights|inv_freq/;
const BATCH = ['noise', 'latent', 'times', 'video', 'ctx'] as const;

/** Beside its numbers a config holds lists. */
const listsOf = ({ config }: Fixture) => config as unknown as Record<string, number[]>;
function adamOf(fixture: Fixture): AdamOptions {
  const [beta1 = Number.NaN, beta2 = Number.NaN] = listsOf(fixture)['betas'] ?? [];
  return { beta1, beta2, epsilon: fixture.config['eps'] ?? Number.NaN };
}

async function checkSteps(fixture: Fixture): Promise<void> {
  const network = createNetwork(tf, networkConfig(fixture));
  const given = fixture.weights();
  const arrays = new Map([...given].map(([name, tensor]) => [name, { shape: tensor.shape, data: Float32Array.from(tensor.dataSync()) }]));
  const { steps = 0, lr = 0, clip = 0 } = fixture.config;
  const mask = fixture.tensor('in/mask');
  const norms: number[] = [];
  const losses: number[] = [];
  const { weights: trained } = await train({
    tf,
    shapes: arrays,
    begin: () => arrays,
    phases: [
      {
        trainable: [...arrays.keys()].filter((name) => !BUFFERS.test(name)),
        objective: (weights, batch) => {
          const { noise, latent, times, video, ctx } = batch as Record<(typeof BATCH)[number], Tensor>;
          const inputs = { latents: interpolate(tf, noise, latent, times), time: times, video, text: ctx, mask };
          const { loss } = rectifiedFlowLoss(tf, network.predict(weights, inputs), velocityTarget(tf, noise, latent), mask);
          return { loss, watched: { loss: tf.reshape(loss, [1]) } };
        },
        optimiser: { ...adamOf(fixture), clipNorm: clip },
        schedule: () => lr,
      },
    ],
    data: (step) => {
      const { drop_video_steps: video, drop_text_steps: ctx } = listsOf(fixture);
      const drops: Record<string, number[] | undefined> = { video, ctx };
      const input = (name: string) => fixture.tensor(`step${step}/in/${name}`);
      return Object.fromEntries(BATCH.map((name) => [name, drops[name]?.includes(step) ? tf.zerosLike(input(name)) : input(name)]));
    },
    steps,
    seed: 0,
    checkpoints: { latest: async () => undefined, save: async () => undefined },
    cadence: {},
    signal: new AbortController().signal,
    progress: ({ gradientNorm }) => norms.push(gradientNorm),
    watch: (_, { loss }) => losses.push(loss?.[0] ?? Number.NaN),
  });
  expect([losses.length, norms.length]).toEqual([steps, steps]);
  fixture.array('out/loss_before_step').data.forEach((loss, i) => {
    expect(Math.abs((losses[i] ?? Number.NaN) - loss), `loss ${i}`).toBeLessThan(1e-5);
  });
  fixture.array('out/grad_norm_before_clip').data.forEach((norm, i) => {
    expect(Math.abs((norms[i] ?? Number.NaN) / norm - 1), `norm ${i}`).toBeLessThan(1e-5);
  });
  for (const name of fixture.names.filter((name) => name.startsWith('out/delta/'))) {
    const weight = name.slice('out/delta/'.length);
    const [after, before] = [trained.get(weight), given.get(weight)];
    if (!after || !before) throw new Error(`no ${weight}`);
    expect(relativeDifference(tf.sub(tf.tensor(after.data, [...after.shape]), before), fixture.array(name)), weight).toBeLessThan(2e-4);
  }
}

const trainSteps: Kind = {
  name: 'train_steps',
  cases: /(?:^|\/)network\/train_steps_.*\.safetensors$/,
  checks: (path) => {
    const fixture = openFixture(tf, path);
    return complete(fixture, { 'losses, norms and changed weights': () => checkSteps(fixture) });
  },
};

/** ‖a − b‖₂ / ‖b‖₂ */
const distance = (a: number[], b: Float64Array) => Math.hypot(...a.map((value, i) => value - (b[i] ?? 0))) / Math.hypot(...b);

function checkOptimiser(fixture: Fixture, scope: string, base: number): void {
  const { warmup: warmUpSteps = 0, total: totalSteps = 0, clip = 0 } = fixture.config;
  const options = adamOf(fixture);
  const rates = schedule({ base, warmUpSteps, totalSteps, shape: 'linear' });
  const count = fixture.names.filter((name) => /^in\/p\d+$/.test(name)).length;
  const weights = Array.from({ length: count }, (_, i) => fixture.tensor(`in/p${i}`));
  const exact = weights.map((weight) => Array.from(weight.dataSync()));
  let moments: Moments[] = weights.map((weight) => ({ first: tf.zerosLike(weight), second: tf.zerosLike(weight) }));
  for (let step = 0; step < totalSteps; step++) {
    const gradients = weights.map((_, i) => fixture.tensor(`step${step}/in/g${i}`));
    const norm = Math.sqrt(gradients.reduce((sum, gradient) => sum + (tf.sum(tf.square(gradient)).dataSync()[0] ?? 0), 0));
    const expectedNorm = fixture.array(`${scope}/out/grad_norm_before_clip`).data[step] ?? 0;
    expect(Math.abs(norm - expectedNorm)).toBeLessThan(1e-5 * expectedNorm);
    const rate = fixture.array(`${scope}/out/lr_used_at_step`).data[step] ?? 0;
    expect(Math.abs(rates(step) - rate)).toBeLessThanOrEqual(1e-6 * rate);
    moments = gradients.map((gradient, i) => {
      const clipped = tf.mul(gradient, clipFactor(norm, clip));
      const { change, ...next } = adam(tf, options, moments[i] as Moments, clipped, adamScalars(options, step + 1, rates(step)));
      // The reference took its updates as differences of float64 weights, which rounds the first ones (3e-13): so do we.
      const changes = change.dataSync();
      const made = (exact[i] ?? []).map((value, k) => value - (changes[k] ?? 0) - value);
      exact[i] = (exact[i] ?? []).map((value, k) => value - (changes[k] ?? 0));
      const expected = fixture.array(`${scope}/step${step}/out/update${i}`);
      expect(distance(made, expected.data), `update ${i} of step ${step}`).toBeLessThan(2e-5);
      weights[i] = tf.sub(weights[i] as Tensor, change);
      return next;
    });
  }
  weights.forEach((weight, i) => {
    expect(maxDifference(weight, fixture.array(`${scope}/out/p${i}`))).toBeLessThan(3e-6);
  });
}

const optimiser: Kind = {
  name: 'optimiser_adam_clip_schedule',
  cases: /(?:^|\/)network\/optimiser_adam_clip_schedule.*\.safetensors$/,
  checks: (path) => {
    const fixture = openFixture(tf, path);
    const { lr } = fixture.config as unknown as { lr: Record<string, number> }; // a rate for each case
    const checks = Object.entries(lr).map(([scope, base]) => [scope, () => checkOptimiser(fixture, scope, base)] as const);
    return complete(fixture, Object.fromEntries(checks));
  },
};

export const trainings: readonly Kind[] = [trainSteps, optimiser];
