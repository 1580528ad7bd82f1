import { expect } from 'vitest';
import type { Tensor } from '../../../models/network/tensor-types.ts';
import {
  type ContrastiveOptions,
  contrastiveLoss,
  PAPER_CONTRASTIVE,
  RELEASED_CONTRASTIVE,
} from '../../../models/objectives/contrastive.ts';
import { DIFFUSION_DPO, type PreferenceOptions, preferenceLoss, RELEASED_DPO } from '../../../models/objectives/preference.ts';
import { ROLL_LOSS_WEIGHT, rollLoss, rollMonitor } from '../../../models/objectives/roll-loss.ts';
import { type Fixture, maxDifference, openFixture, relativeDifference, testBackend } from '../../models/network/fixture.ts';
import { alikeWhenCompiled, gradientStep, type Leaves } from '../../models/objectives/gradient-step.ts';
import { linearPreference } from '../../models/objectives/linear-preference.ts';
import { type Checks, complete, everyScope, type Kind } from '../kind.ts';

const tf = await testBackend();
const get = (leaves: Leaves, name: string) => leaves.get(name) as Tensor;
const value = (tensor: Tensor) => tensor.dataSync()[0] ?? Number.NaN;
const numberOf = (fixture: Fixture, name: string) => fixture.array(name).data[0] ?? Number.NaN;
const relative = (found: number, expected: number) => Math.abs(found - expected) / Math.abs(expected);

const kind = (name: string, checks: (fixture: Fixture) => Checks): Kind => ({
  name,
  cases: new RegExp(`(?:^|/)network/${name}(?:_.*)?\\.safetensors$`),
  checks: (path) => checks(openFixture(tf, path)),
});

const FORMS: Record<string, ContrastiveOptions> = {
  authors_loss: RELEASED_CONTRASTIVE,
  eq5_in_form: PAPER_CONTRASTIVE,
  eq5_in_form_symmetric: { ...PAPER_CONTRASTIVE, symmetric: true },
  eq5_in_form_sum_as_printed: { ...PAPER_CONTRASTIVE, reduction: 'sum' },
};

function checkContrastive(fixture: Fixture, scope: string): void {
  const { N: clips = 0, D: width = 0, tau: temperature = 0 } = fixture.config;
  const equal = scope === 'equal_embeddings';
  const embedding = (side: string) => (equal ? tf.ones([clips, 1, width]) : fixture.tensor(`${scope}/in/${side}`));
  for (const [name, options] of Object.entries(FORMS)) {
    if (!fixture.has(`${scope}/out/${name}`)) continue;
    const leaves = new Map(['audio', 'video'].map((side) => [side, embedding(side) as Tensor]));
    const step = gradientStep(tf, leaves, (given) =>
      contrastiveLoss(tf, get(given, 'audio'), get(given, 'video'), { ...options, temperature }),
    );
    expect(Math.abs(step.loss - numberOf(fixture, `${scope}/out/${name}`)), name).toBeLessThan(5e-6);
    for (const side of leaves.keys()) {
      const key = `${scope}/grad/${name === 'authors_loss' ? 'authors' : name}/${side}`;
      if (fixture.has(key)) expect(maxDifference(step.gradient(side), fixture.array(key)), key).toBeLessThan(5e-6);
    }
  }
}

function checkRoll(fixture: Fixture): void {
  const [target, mask] = [fixture.tensor('in/target'), fixture.tensor('in/mask')];
  const leaves = new Map([['pred', fixture.tensor('in/pred')]]);
  const step = gradientStep(tf, leaves, (given) => rollLoss(tf, 'code', get(given, 'pred'), target, mask));
  expect(Math.abs(step.loss - numberOf(fixture, 'out/weighted_mse'))).toBeLessThan(1e-7);
  expect(Math.abs(step.loss * ROLL_LOSS_WEIGHT - numberOf(fixture, 'out/times_10'))).toBeLessThan(1e-6);
  expect(maxDifference(step.gradient('pred'), fixture.array('grad/in/pred'))).toBeLessThan(1e-7);
  const [scores] = alikeWhenCompiled(tf, [get(leaves, 'pred'), target, mask], ([p, t, m]) => [
    rollMonitor(tf, p as Tensor, t as Tensor, m),
  ]);
  expect(maxDifference(scores as Tensor, fixture.array('out/monitor_precision_recall_f1_acc'))).toBeLessThan(1e-6);
}

/** The number behind `beta` in a case's name; the released code's is written as its scale there. */
const betaOf = (scope: string): number => Number(scope.match(/beta([\d.]+)$/)?.[1] ?? RELEASED_DPO.beta);

function checkErrors(fixture: Fixture, scope: string): void {
  const [sides, beta] = [['theta_w', 'theta_l'], betaOf(scope)];
  const stored = (name: string) => fixture.tensor(`errors/in/${name}`);
  const change = (leaves: Leaves) =>
    tf.concat(
      ['w', 'l'].map((side) => tf.sub(get(leaves, `theta_${side}`), stored(`ref_${side}`))),
      0,
    );
  const leaves = new Map(sides.map((name) => [name, stored(name)]));
  const step = gradientStep(tf, leaves, (given) => preferenceLoss(tf, change(given), beta).loss);
  expect(relative(step.loss, numberOf(fixture, `${scope}/out/loss`))).toBeLessThan(1e-6);
  for (const name of sides)
    expect(relativeDifference(step.gradient(name), fixture.array(`${scope}/grad/${name}`)), name).toBeLessThan(1e-5);
  const [inside, accuracy] = alikeWhenCompiled(tf, [change(leaves)], ([given]) => {
    const { inside, accuracy } = preferenceLoss(tf, given as Tensor, beta);
    return [inside, accuracy];
  }) as [Tensor, Tensor];
  expect(relativeDifference(inside, fixture.array(`${scope}/out/inside`))).toBeLessThan(1e-6);
  expect(value(accuracy)).toBeCloseTo(numberOf(fixture, `${scope}/out/implicit_accuracy`), 6);
}

function checkLinear(fixture: Fixture, scope: string): void {
  const form = scope.startsWith('linear/authors') ? RELEASED_DPO : DIFFUSION_DPO;
  const options: PreferenceOptions = { ...form, beta: betaOf(scope) };
  const { change, error, trained } = linearPreference(tf, fixture, options);
  for (const who of ['theta', 'ref']) {
    const sides = ['w', 'l'].map((side) => fixture.tensor(`${scope}/out/error_${who}_${side}`));
    const expected = tf.concat(sides, 0);
    expect(relativeDifference(error(who), { shape: expected.shape, data: expected.dataSync() }), who).toBeLessThan(1e-6);
  }
  const step = gradientStep(tf, trained, (given) => preferenceLoss(tf, change(given), options.beta).loss);
  expect(relative(step.loss, numberOf(fixture, `${scope}/out/loss`))).toBeLessThan(1e-6);
  for (const name of trained.keys())
    expect(relativeDifference(step.gradient(name), fixture.array(`${scope}/grad/${name}`)), name).toBeLessThan(1e-5);
}

export const objectives: readonly Kind[] = [
  kind('loss_contrastive', (fixture) => everyScope(fixture, (scope) => checkContrastive(fixture, scope))),
  kind('loss_roll', (fixture) => complete(fixture, { 'loss, gradient and monitor': () => checkRoll(fixture) })),
  kind('loss_preference', (fixture) =>
    everyScope(fixture, (scope) => (scope.startsWith('errors/') ? checkErrors : checkLinear)(fixture, scope)),
  ),
];
