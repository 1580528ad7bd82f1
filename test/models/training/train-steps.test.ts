import { beforeAll, expect, it } from 'vitest';
import type { Tensor, Tf } from '../../../models/network/tensor-types.ts';
import { createNetwork } from '../../../models/network/transformer.ts';
import { interpolate, rectifiedFlowLoss, velocityTarget } from '../../../models/objectives/rectified-flow.ts';
import { train } from '../../../models/training/loop.ts';
import { TORCH_ADAM } from '../../../models/training/optimiser.ts';
import { networkConfig, readFixture, relativeDifference, testBackend } from '../network/fixture.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

const BUFFERS = /time_cond_mlp\.0\.weights|inv_freq/;

it('six steps of the loop repeat six steps of the reference', async () => {
  const fixture = readFixture(tf, 'train_steps_stage1');
  const network = createNetwork(tf, networkConfig(fixture.config));
  const given = fixture.weights();
  const arrays = new Map([...given].map(([name, tensor]) => [name, { shape: tensor.shape, data: Float32Array.from(tensor.dataSync()) }]));
  const { drop_video_steps: dropVideo, drop_text_steps: dropText } = fixture.config as unknown as Record<string, number[]>;
  const mask = fixture.tensor('in/mask');
  const norms: number[] = [];
  const losses: number[] = [];
  const { weights: trained } = await train({
    tf,
    parameters: arrays,
    phases: [
      {
        trainable: [...arrays.keys()].filter((name) => !BUFFERS.test(name)),
        objective: (weights, batch) => {
          const { noise, latent, times, video, ctx } = batch as Record<'noise' | 'latent' | 'times' | 'video' | 'ctx', Tensor>;
          const inputs = { latents: interpolate(tf, noise, latent, times), time: times, video, text: ctx, mask };
          const prediction = network.predict(weights, inputs);
          const { loss } = rectifiedFlowLoss(tf, prediction, velocityTarget(tf, noise, latent), mask);
          return { loss, watched: { loss: tf.reshape(loss, [1]) } };
        },
        optimiser: { ...TORCH_ADAM, clipNorm: 0.2 },
        schedule: () => 1e-3,
      },
    ],
    data: (step) => {
      const dropped: Record<string, boolean> = { video: dropVideo?.includes(step) ?? false, ctx: dropText?.includes(step) ?? false };
      const given = ['noise', 'latent', 'times', 'video', 'ctx'].map((name) => [name, fixture.tensor(`step${step}/in/${name}`)] as const);
      return Object.fromEntries(given.map(([name, tensor]) => [name, dropped[name] ? tf.zerosLike(tensor) : tensor]));
    },
    steps: 6,
    seed: 0,
    checkpoints: { latest: async () => undefined, save: async () => undefined },
    cadence: {},
    signal: new AbortController().signal,
    progress: ({ gradientNorm }) => norms.push(gradientNorm),
    watch: (_, { loss }) => losses.push(loss?.[0] ?? Number.NaN),
  });
  const expectedLosses = fixture.array('out/loss_before_step').data;
  const expectedNorms = fixture.array('out/grad_norm_before_clip').data;
  losses.forEach((loss, i) => {
    expect(Math.abs(loss - (expectedLosses[i] ?? 0)), `loss ${i}`).toBeLessThan(1e-5);
  });
  norms.forEach((norm, i) => {
    expect(Math.abs(norm / (expectedNorms[i] ?? 1) - 1), `norm ${i}`).toBeLessThan(1e-5);
  });
  for (const name of fixture.names.filter((name) => name.startsWith('out/delta/'))) {
    const weight = name.slice('out/delta/'.length);
    const [after, before] = [trained.get(weight), given.get(weight)];
    if (!after || !before) throw new Error(`no ${weight}`);
    expect(relativeDifference(tf.sub(tf.tensor(after.data, [...after.shape]), before), fixture.array(name)), weight).toBeLessThan(2e-4);
  }
});
