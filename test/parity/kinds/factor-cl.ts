import { expect } from 'vitest';
import type { Tensor } from '../../../models/network/tensor-types.ts';
import {
  CLUB_COND_MAXIMISE,
  EACH_ONCE,
  EQUATION_6,
  type FactorClConfig,
  factorClGroups,
  factorClShapes,
} from '../../../models/objectives/factor-cl/config.ts';
import { club, infoNce, pairScores } from '../../../models/objectives/factor-cl/critic.ts';
import { clubLearningLoss, factorClLoss } from '../../../models/objectives/factor-cl/objective.ts';
import { type Fixture, maxDifference, openFixture, testBackend } from '../../models/network/fixture.ts';
import { batchOf, leavesOf, PREFIX } from '../../models/objectives/factor-cl/fixture-leaves.ts';
import { expectStatistics, gradientStep, type Leaves } from '../../models/objectives/gradient-step.ts';
import { type Checks, complete, everyScope, type Kind } from '../kind.ts';

const tf = await testBackend();
const numberOf = (fixture: Fixture, name: string) => fixture.array(name).data[0] ?? Number.NaN;
const value = (tensor: Tensor) => tensor.dataSync()[0] ?? Number.NaN;

/** The fixture's sizes, with the six terms in its form: supervised by labels or by augmented views. */
function configOf(fixture: Fixture): FactorClConfig {
  const { d1 = 0, d2 = 0, hidden = 0, classes = 0 } = fixture.config;
  return {
    widths: { audio: d1, video: d2 },
    criticWidth: hidden,
    weights: EACH_ONCE,
    unitInputs: false,
    condition: fixture.has('in/y') ? { kind: 'labels', classes } : { kind: 'augmentations' },
  };
}
function expectGradients(fixture: Fixture, scope: string, leaves: Leaves, gradient: (name: string) => Tensor): void {
  for (const name of leaves.keys()) {
    const [full, statistics] = [`${scope}grad/${name}`, `${scope}gradstat/${name.slice(PREFIX.length)}`];
    if (fixture.has(full)) expect(maxDifference(gradient(name), fixture.array(full)), name).toBeLessThan(3e-6);
    else if (fixture.has(statistics)) expectStatistics(gradient(name), fixture.array(statistics), name);
  }
}

function checkObjective(fixture: Fixture): void {
  const [leaves, config] = [leavesOf(fixture), configOf(fixture)];
  const step = gradientStep(tf, leaves, (given) => factorClLoss(tf, config, given, batchOf(fixture, given)).loss);
  expect(Math.abs(step.loss - numberOf(fixture, 'out/loss'))).toBeLessThan(3e-6);
  expectGradients(fixture, '', leaves, step.gradient);
}

function checkLearning(fixture: Fixture): void {
  const leaves = new Map([...leavesOf(fixture)].filter(([key]) => key.startsWith('in/') || key.includes('club')));
  const step = gradientStep(tf, leaves, (given) => clubLearningLoss(tf, configOf(fixture), given, batchOf(fixture, given)));
  expect(Math.abs(step.loss - numberOf(fixture, 'learning/out/loss'))).toBeLessThan(3e-6);
  expectGradients(fixture, 'learning/', leaves, step.gradient);
}

/** Each term by itself, and the sum of Eq. 6, where the file has them. */
function checkTerms(fixture: Fixture): void {
  const leaves = leavesOf(fixture);
  const { loss, terms } = factorClLoss(tf, { ...configOf(fixture), weights: EQUATION_6 }, leaves, batchOf(fixture, leaves));
  expect(Math.abs(value(loss) - numberOf(fixture, 'out/loss_weighted_as_minus_S_U1_U2'))).toBeLessThan(3e-6);
  for (const [term, tensor] of Object.entries(terms))
    expect(Math.abs(value(tensor) - numberOf(fixture, `out/term/${term}`)), term).toBeLessThan(3e-6);
}

function checkShapes(fixture: Fixture): void {
  const shapes = factorClShapes(configOf(fixture));
  const stored = [...fixture.weights()].map(([key, { shape }]) => [PREFIX + key, shape] as const);
  expect(new Map([...shapes].map(([key, { shape }]) => [key, shape]))).toEqual(new Map(stored));
  const { main, critics } = factorClGroups(configOf(fixture));
  expect([...main, ...critics].sort()).toEqual([...shapes.keys()].sort());
}

const sixTerms = (fixture: Fixture): Checks =>
  complete(fixture, {
    'names and shapes of the weights': () => checkShapes(fixture),
    'the main objective and its gradients': () => checkObjective(fixture),
    'the critics’ objective and its gradients': () => checkLearning(fixture),
    ...(fixture.has('out/loss_weighted_as_minus_S_U1_U2') && { 'each term, and Eq. 6': () => checkTerms(fixture) }),
  });

/** The conditional CLUB alone, its sign turned, on unit vectors. */
function checkReleased(fixture: Fixture): void {
  const [leaves, config] = [leavesOf(fixture), { ...configOf(fixture), ...CLUB_COND_MAXIMISE }];
  const step = gradientStep(tf, leaves, (given) => factorClLoss(tf, config, given, batchOf(fixture, given)).loss);
  expect(Math.abs(step.loss - numberOf(fixture, 'out/loss'))).toBeLessThan(1e-6);
  expectGradients(fixture, '', leaves, step.gradient);
}

const scores = (leaves: Leaves, order: 'xy' | 'yx') =>
  pairScores(tf, leaves, '_f', leaves.get('in/x') as Tensor, leaves.get('in/y') as Tensor, order);
const CRITICS: Record<string, { weights: string; loss: (leaves: Leaves) => Tensor }> = {
  infonce: { weights: 'infonce', loss: (leaves) => tf.neg(infoNce(tf, scores(leaves, 'xy'))) },
  club: { weights: 'club', loss: (leaves) => club(tf, scores(leaves, 'yx')) },
  club_learning: { weights: 'club', loss: (leaves) => tf.neg(infoNce(tf, scores(leaves, 'yx'))) },
  club_authors_sign: { weights: 'club', loss: (leaves) => tf.neg(club(tf, scores(leaves, 'yx'))) },
};

function checkCritic(fixture: Fixture, scope: string): void {
  const { weights, loss } = CRITICS[scope] ?? { weights: scope, loss: () => expect.fail(`no critic ${scope} is known`) };
  const leaves = new Map([...fixture.weights(weights), ...['in/x', 'in/y'].map((name) => [name, fixture.tensor(name)] as const)]);
  const step = gradientStep(tf, leaves, loss);
  expect(Math.abs(step.loss - numberOf(fixture, `${scope}/out/loss`))).toBeLessThan(1e-6);
  for (const name of leaves.keys())
    expect(maxDifference(step.gradient(name), fixture.array(`${scope}/grad/${name}`)), name).toBeLessThan(1e-6);
}

const kind = (name: string, checks: (fixture: Fixture) => Checks): Kind => ({
  name: `loss_factorcl_${name}`,
  cases: new RegExp(`(?:^|/)network/loss_factorcl_${name}(?:_.*)?\\.safetensors$`),
  checks: (path) => checks(openFixture(tf, path)),
});

export const factorCl: readonly Kind[] = [
  kind('critics', (fixture) => everyScope(fixture, (scope) => checkCritic(fixture, scope))),
  kind('sup', sixTerms),
  kind('ssl', sixTerms),
  kind('authors_club_cond_only', (fixture) => complete(fixture, { 'loss and gradients': () => checkReleased(fixture) })),
];
