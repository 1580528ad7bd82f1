import { beforeAll, describe, expect, it } from 'vitest';
import { PAPER_STAGE_1 } from '../../../../models/network/config.ts';
import { countParameters, parameterShapes } from '../../../../models/network/parameters.ts';
import type { Tensor, Tf } from '../../../../models/network/tensor-types.ts';
import {
  CLUB_COND_MAXIMISE,
  EACH_ONCE,
  EQUATION_6,
  type FactorClConfig,
  type FactorClTerm,
  factorClGroups,
  factorClShapes,
} from '../../../../models/objectives/factor-cl/config.ts';
import { clubLearningLoss, type FactorClBatch, factorClLoss } from '../../../../models/objectives/factor-cl/objective.ts';
import { type Fixture, readFixture, testBackend } from '../../network/fixture.ts';
import { againstDifferences, gradientStep, type Leaves } from '../gradient-step.ts';

import { batchOf, leavesOf } from './fixture-leaves.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

const TINY = { widths: { audio: 10, video: 7 }, criticWidth: 16, weights: EACH_ONCE, unitInputs: false };
const LABELS: FactorClConfig = { ...TINY, condition: { kind: 'labels', classes: 6 } };
const AUGMENTED: FactorClConfig = { ...TINY, condition: { kind: 'augmentations' } };

const number = (fixture: Fixture, name: string) => fixture.array(name).data[0] ?? Number.NaN;
const value = (tensor: Tensor) => tensor.dataSync()[0] ?? Number.NaN;

it.each([
  ['loss_factorcl_sup', LABELS],
  ['loss_factorcl_ssl', AUGMENTED],
] as const)('another condition gives another loss: %s', (name, config) => {
  const fixture = readFixture(tf, name);
  const leaves = leavesOf(fixture);
  const batch = batchOf(fixture, leaves);
  const { condition } = batch;
  const turned = (x: Tensor) => tf.reverse(x, 0);
  const other =
    'labels' in condition ? { labels: turned(condition.labels) } : { audio: turned(condition.audio), video: turned(condition.video) };
  const loss = value(factorClLoss(tf, config, leaves, { ...batch, condition: other }).loss);
  expect(Math.abs(loss - number(fixture, 'out/loss'))).toBeGreaterThan(1e-4);
});

it('the weights are in two groups: the CLUB critics, which learn by themselves, and the rest', () => {
  const { main, critics } = factorClGroups(AUGMENTED);
  expect([...main, ...critics].sort()).toEqual([...factorClShapes(AUGMENTED).keys()].sort());
  expect(critics).toHaveLength(2 * 6);
  expect(critics.every((key) => /\.club_x1x2(_cond)?\._f\./.test(key))).toBe(true);
});

it('pairs that are not valid do not count, in no term and in no gradient', () => {
  const fixture = readFixture(tf, 'loss_factorcl_ssl');
  const leaves = leavesOf(fixture);
  const whole = batchOf(fixture, leaves);
  const first = (x: Tensor) => tf.slice(x, [0, 0], [4, -1]);
  const condition = { audio: first(fixture.tensor('in/x1_aug')), video: first(fixture.tensor('in/x2_aug')) };
  const cut: FactorClBatch = { audio: first(whole.audio), video: first(whole.video), condition };
  const valid = tf.tensor1d([1, 1, 1, 1, 0, 0]);
  for (const objective of [
    (given: Leaves, batch: FactorClBatch) => factorClLoss(tf, AUGMENTED, given, batch).loss,
    (given: Leaves, batch: FactorClBatch) => clubLearningLoss(tf, AUGMENTED, given, batch),
  ]) {
    expect(value(objective(leaves, { ...whole, valid }))).toBeCloseTo(value(objective(leaves, cut)), 5);
    expect(value(objective(leaves, whole))).not.toBeCloseTo(value(objective(leaves, cut)), 3);
    const features = new Map(['in/x1', 'in/x2'].map((name) => [name, leaves.get(name) as Tensor]));
    const step = gradientStep(tf, features, (given) => objective(leaves, { ...batchOf(fixture, given), valid }));
    expect(value(tf.max(tf.abs(tf.slice(step.gradient('in/x1'), [4, 0], [2, -1]))))).toBe(0);
    expect(value(objective(leaves, { ...whole, valid: tf.zeros([6]) }))).toBeCloseTo(0, 7);
  }
});

describe('the weights of the terms', () => {
  it('are those of Eq. 6 or all 1, and every term is told', () => {
    const fixture = readFixture(tf, 'loss_factorcl_sup');
    const leaves = leavesOf(fixture);
    const { loss, terms } = factorClLoss(tf, { ...LABELS, weights: EQUATION_6 }, leaves, batchOf(fixture, leaves));
    expect(Math.abs(value(loss) - number(fixture, 'out/loss_weighted_as_minus_S_U1_U2'))).toBeLessThan(3e-6);
    expect(Math.abs(value(loss) - number(fixture, 'out/loss'))).toBeGreaterThan(0.1);
    for (const [term, tensor] of Object.entries(terms))
      expect(Math.abs(value(tensor) - number(fixture, `out/term/${term}`)), term).toBeLessThan(3e-6);
  });
  it('a term that has none takes no part and has no weights', () => {
    const config: FactorClConfig = { ...LABELS, weights: { infonce_x1x2: 1 } };
    const fixture = readFixture(tf, 'loss_factorcl_sup');
    const only = new Map([...leavesOf(fixture)].filter(([name]) => /infonce_x1x2[._]/.test(name) && !name.includes('cond')));
    expect([...factorClShapes(config).keys()].sort()).toEqual([...only.keys()].sort());
    const { loss } = factorClLoss(tf, config, only, batchOf(fixture, leavesOf(fixture)));
    expect(Math.abs(value(loss) - number(fixture, 'out/term/infonce_x1x2'))).toBeLessThan(3e-6);
  });
});

describe('what the authors trained', () => {
  const config: FactorClConfig = { ...LABELS, ...CLUB_COND_MAXIMISE };
  let fixture: Fixture;
  beforeAll(() => {
    fixture = readFixture(tf, 'loss_factorcl_authors_club_cond_only');
  });
  const loss =
    (over: Partial<FactorClConfig> = {}) =>
    (given: Leaves) =>
      factorClLoss(tf, { ...config, ...over }, given, batchOf(fixture, given)).loss;

  it('is the conditional CLUB with its sign turned, on unit vectors', () => {
    const leaves = leavesOf(fixture);
    const step = gradientStep(tf, leaves, loss());
    expect(Math.abs(step.loss - number(fixture, 'out/loss'))).toBeLessThan(1e-6);
    expect(Math.abs(value(loss({ unitInputs: false })(leaves)) - step.loss)).toBeGreaterThan(1e-3);
    expect(Math.abs(value(loss({ weights: { club_x1x2_cond: 1 } })(leaves)) - step.loss)).toBeGreaterThan(1e-3);
  });
  it('stops to grow at the cap, if there is one', () => {
    const leaves = leavesOf(fixture);
    const uncapped = value(loss()(leaves));
    expect(value(loss({ cap: 10 })(leaves))).toBeCloseTo(uncapped, 7);
    const step = gradientStep(tf, leaves, loss({ cap: -uncapped - 1 }));
    expect(step.loss).toBeCloseTo(uncapped + 1, 6);
    expect(value(tf.max(tf.abs(step.gradient('in/x1'))))).toBe(0);
  });
});

describe('number of parameters', () => {
  const full = { widths: { audio: 1024, video: 1280 }, criticWidth: 512, weights: EACH_ONCE, unitInputs: true };
  const base = countParameters(parameterShapes(PAPER_STAGE_1));
  const labels: FactorClConfig = { ...full, condition: { kind: 'labels', classes: 6 } };
  const augmented: FactorClConfig = { ...full, condition: { kind: 'augmentations' } };
  it.each<[string, FactorClConfig, number]>([
    ['as trained', { ...labels, ...CLUB_COND_MAXIMISE }, 717_780_673],
    ['six terms, labels', labels, 745_339_078],
    ['six terms, augmentations', augmented, 748_864_710],
  ])('%s', (_, config, total) => {
    expect(base + countParameters(factorClShapes(config))).toBe(total);
  });
});

it('finite differences agree with the gradients of every term', () => {
  const fixture = readFixture(tf, 'loss_factorcl_ssl');
  const leaves = leavesOf(fixture);
  for (const term of Object.keys(EACH_ONCE) as FactorClTerm[]) {
    const config: FactorClConfig = { ...AUGMENTED, weights: { [term]: 1 }, unitInputs: true };
    const used = { infonce_x1y: 'in/x1', infonce_x2y: 'in/x2' }[term as string] ?? 'in/';
    const features = new Map([...leaves].filter(([name]) => name.startsWith(used)));
    const loss = (given: Leaves) => factorClLoss(tf, config, leaves, batchOf(fixture, new Map([...leaves, ...given]))).loss;
    expect(againstDifferences(tf, features, loss, 2e-3), term).toBeLessThan(2e-3);
  }
});

it('the two steps in turn make the critics better and the objective smaller', () => {
  const fixture = readFixture(tf, 'loss_factorcl_ssl');
  const weights = new Map(leavesOf(fixture));
  const { main, critics } = factorClGroups(AUGMENTED);
  const move = (names: readonly string[], loss: (given: Leaves) => Tensor) => {
    const trained = new Map(names.map((name) => [name, weights.get(name) as Tensor]));
    const step = gradientStep(tf, trained, (given) => loss(new Map([...weights, ...given])));
    for (const [name, tensor] of trained) weights.set(name, tf.sub(tensor, tf.mul(step.gradient(name), 0.1)));
    return step.loss;
  };
  const before = new Map(weights);
  const learned: number[] = [];
  const objective: number[] = [];
  for (let i = 0; i < 3; i++) {
    learned.push(move(critics, (given) => clubLearningLoss(tf, AUGMENTED, given, batchOf(fixture, given))));
    if (i === 0) for (const name of main) expect(weights.get(name)).toBe(before.get(name));
  }
  for (let i = 0; i < 3; i++) objective.push(move(main, (given) => factorClLoss(tf, AUGMENTED, given, batchOf(fixture, given)).loss));
  expect(learned.at(-1)).toBeLessThan(learned[0] ?? 0);
  expect(objective.at(-1)).toBeLessThan(objective[0] ?? 0);
});
