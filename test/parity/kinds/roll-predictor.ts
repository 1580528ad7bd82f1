import { expect } from 'vitest';
import { AUDEO, type RollPredictorConfig } from '../../../models/network/roll-predictor/config.ts';
import { predictRoll } from '../../../models/network/roll-predictor/predict-roll.ts';
import { rollPredictorShapes } from '../../../models/network/roll-predictor/shapes.ts';
import type { Tensor } from '../../../models/network/tensor-types.ts';
import { rollLoss } from '../../../models/objectives/roll-loss.ts';
import { type Fixture, maxDifference, openFixture, relativeDifference, testBackend } from '../../models/network/fixture.ts';
import {
  formulaPictures,
  formulaRows,
  formulaValues,
  formulaWeights,
  formulaWindows,
  picturesOf,
} from '../../models/network/roll-predictor/by-formula.ts';
import { expectStatistics } from '../../models/objectives/gradient-step.ts';
import { type Checks, complete, type Kind } from '../kind.ts';

const tf = await testBackend();
/** Kernels that add one after the other are 2.03e-6 away in one part, and other kernels move an activation across the zero of its ReLU. */
const NATIVE = 'the stages and gradients are compared on the native kernels';

/** Audeo's sizes with the keys and pictures that the fixture names. */
function configOf(fixture: Fixture): RollPredictorConfig {
  const [, window, height, width] = picturesOf(fixture).shape;
  return { ...AUDEO, keys: fixture.config['num_classes'] as 51 | 88, window, height, width };
}

function checkFormula(fixture: Fixture): void {
  const values = new Map(formulaRows(fixture).map((row) => [row[0], formulaValues(fixture, row)]));
  values.set(picturesOf(fixture).name, formulaPictures(fixture));
  for (const name of fixture.names.filter((name) => name.endsWith('/first8'))) {
    const of = name.slice('formula/'.length, -'/first8'.length);
    const found = values.get(of) ?? new Float32Array();
    expect([...found.slice(0, 8)], of).toEqual([...fixture.array(name).data]);
    const [sum = Number.NaN] = fixture.array(`formula/${of}/sum`).data;
    expect(Math.abs(found.reduce((total, value) => total + value, 0) - sum), of).toBeLessThan(1e-6 * Math.max(1, Math.abs(sum)));
  }
}

function checkShapes(fixture: Fixture): void {
  const shapes = rollPredictorShapes(configOf(fixture));
  expect(new Map([...shapes].map(([name, { shape }]) => [name, shape]))).toEqual(
    new Map(formulaRows(fixture).map(([name, shape]) => [name, shape])),
  );
}

function checkStages(fixture: Fixture): void {
  const config = configOf(fixture);
  const stages = new Map<string, { data: Float32Array; shape: number[] }>();
  tf.tidy(() => {
    const tap = (name: string, output: Tensor) => {
      if (!fixture.has(`stage/${name}/shape`)) return;
      const torch = output.rank === 4 ? tf.transpose(output, [0, 3, 1, 2]) : output;
      stages.set(name, { data: torch.dataSync<'float32'>(), shape: torch.shape });
    };
    predictRoll(tf, config, formulaWeights(tf, fixture), formulaWindows(tf, fixture), { training: false, tap });
  });
  for (const stored of fixture.names.filter((name) => name.endsWith('/samples'))) {
    const name = stored.slice('stage/'.length, -'/samples'.length);
    const { data, shape } = stages.get(name) ?? { data: new Float32Array(), shape: [] };
    expect(shape, name).toEqual([...fixture.array(`stage/${name}/shape`).data]);
    const stride = fixture.config[`stage_${name}_stride`] ?? Number.NaN;
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    fixture.array(stored).data.forEach((expected, i) => {
      expect(Math.abs((data[i * stride] ?? Number.NaN) - expected) / largest, `${name} ${i}`).toBeLessThan(2e-6);
    });
    const [sum = Number.NaN, norm = Number.NaN] = fixture.array(`stage/${name}/sum_l2`).data;
    expect(Math.abs(Math.sqrt(data.reduce((total, value) => total + value * value, 0)) / norm - 1), name).toBeLessThan(1e-5);
    expect(Math.abs(data.reduce((total, value) => total + value, 0) - sum), name).toBeLessThan(1e-5 * norm * Math.sqrt(data.length));
  }
}

function checkLogits(fixture: Fixture): void {
  const config = configOf(fixture);
  tf.tidy(() => {
    const { logits } = predictRoll(tf, config, formulaWeights(tf, fixture), formulaWindows(tf, fixture), { training: false });
    expect(maxDifference(logits, fixture.array('out/logits'))).toBeLessThan(2e-5);
    expect(maxDifference(tf.sigmoid(logits), fixture.array('out/sigmoid'))).toBeLessThan(2e-5);
  });
}

function checkGradients(fixture: Fixture): void {
  const config = configOf(fixture);
  const names = [...rollPredictorShapes(config)].filter(([, { trainable }]) => trainable).map(([name]) => name);
  tf.tidy(() => {
    const [weights, windows] = [formulaWeights(tf, fixture), formulaWindows(tf, fixture)];
    const lossOf = (...leaves: Tensor[]) => {
      const own = new Map([...weights, ...names.map((name, i) => [name, leaves[i] as Tensor] as const)]);
      const { logits } = predictRoll(tf, config, own, windows, { training: false });
      return rollLoss(tf, 'code', tf.sigmoid(logits), fixture.tensor('in/target')).asScalar();
    };
    const { value, grads } = tf.valueAndGrads(lossOf)(names.map((name) => weights.get(name) as Tensor));
    expect(maxDifference(value, fixture.array('out/weighted_mse'))).toBeLessThan(1e-7);
    names.forEach((name, i) => {
      const [gradient, whole] = [grads[i] as Tensor, `grad/${name}`];
      if (fixture.has(whole)) expect(relativeDifference(gradient, fixture.array(whole)), name).toBeLessThan(2e-5);
      expectStatistics(gradient, fixture.array(`gradstat/${name}`), name);
    });
  });
}

const evaluated: Kind = {
  name: 'roll_predictor',
  cases: /(?:^|\/)network\/roll_predictor(?:_.*)?\.safetensors$/,
  checks: (path): Checks => {
    const fixture = openFixture(tf, path);
    const checks = {
      'weights by the formula': () => checkFormula(fixture),
      'names and shapes of the weights': () => checkShapes(fixture),
      'the logits': () => checkLogits(fixture),
    };
    const native = { 'every stage': () => checkStages(fixture), 'the weighted loss and its gradients': () => checkGradients(fixture) };
    if (tf.getBackend() === 'tensorflow') return complete(fixture, { ...checks, ...native });
    return { ...checks, ...Object.fromEntries(Object.keys(native).map((title) => [title, NATIVE])) };
  },
};

/** By the statistics of the batch. Its weights are those of the file beside it without `_train_mode`. */
const trained: Kind = {
  name: 'roll_predictor_train_mode',
  cases: /(?:^|\/)network\/roll_predictor_train_mode.*\.safetensors$/,
  checks: (path) => {
    const [fixture, weights] = [openFixture(tf, path), openFixture(tf, path.replace('_train_mode', ''))];
    const check = () => {
      tf.tidy(() => {
        const windows = formulaWindows(tf, fixture);
        const { logits, buffers } = predictRoll(tf, configOf(fixture), formulaWeights(tf, weights), windows, { training: true });
        expect(maxDifference(logits, fixture.array('out/logits'))).toBeLessThan(1e-5);
        for (const name of fixture.names.filter((name) => name.includes('running'))) {
          const estimate = buffers[name.slice('out/'.length)] ?? tf.zeros([0]);
          expect(maxDifference(estimate, fixture.array(name)), name).toBeLessThan(1e-5);
        }
      });
    };
    return complete(fixture, { 'logits and new running estimates': check });
  },
};

export const rollPredictors: readonly Kind[] = [trained, evaluated];
