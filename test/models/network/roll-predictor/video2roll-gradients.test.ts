import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../../models/backend/index.ts';
import { findNativePackages } from '../../../../models/backend/native.ts';
import { AUDEO } from '../../../../models/network/roll-predictor/config.ts';
import { predictRoll } from '../../../../models/network/roll-predictor/predict-roll.ts';
import { rollPredictorShapes } from '../../../../models/network/roll-predictor/shapes.ts';
import type { Tensor, Tf } from '../../../../models/network/tensor-types.ts';
import { type RollLoss, rollLoss } from '../../../../models/objectives/roll-loss.ts';
import { expectStatistics } from '../../objectives/gradient-step.ts';
import { type Fixture, readFixture, relativeDifference } from '../fixture.ts';
import { formulaWeights, formulaWindows } from './by-formula.ts';

// Other kernels round differently (oneDNN's, WebAssembly's), which moves an activation across the zero of its ReLU: gradients before it then differ by 2e-4.
process.env['TF_ENABLE_ONEDNN_OPTS'] = '0';

let tf: Tf;
let fixture: Fixture;
let weights: Map<string, Tensor>;
let windows: Tensor;
const names = [...rollPredictorShapes(AUDEO)].filter(([, { trainable }]) => trainable).map(([name]) => name);
const native = findNativePackages().length > 0;
beforeAll(async () => {
  if (!native) return;
  tf = (await loadBackend('tensorflow')).tf;
  fixture = readFixture(tf, 'roll_predictor');
  weights = formulaWeights(tf, fixture);
  windows = formulaWindows(tf, 'input', 1);
});

function step(kind: RollLoss): { loss: number; gradients: Map<string, Tensor> } {
  const lossOf = (...leaves: Tensor[]) => {
    const own = new Map([...weights, ...names.map((name, i) => [name, leaves[i] as Tensor] as const)]);
    const { logits } = predictRoll(tf, AUDEO, own, windows, { training: false });
    return rollLoss(tf, kind, tf.sigmoid(logits), fixture.tensor('in/target')).asScalar();
  };
  const { value, grads } = tf.valueAndGrads(lossOf)(names.map((name) => weights.get(name) as Tensor));
  return { loss: value.dataSync()[0] ?? Number.NaN, gradients: new Map(names.map((name, i) => [name, grads[i] as Tensor])) };
}
const distance = (gradients: Map<string, Tensor>, name: string) =>
  relativeDifference(gradients.get(name) as Tensor, fixture.array(`grad/${name}`));

describe.runIf(native)('the weighted roll loss of Video2Roll', () => {
  it('and its gradients are the reference’s', () => {
    const { loss, gradients } = step('code');
    expect(Math.abs(loss - (fixture.array('out/weighted_mse').data[0] ?? Number.NaN))).toBeLessThan(1e-7);
    const whole = names.filter((name) => fixture.has(`grad/${name}`));
    expect(whole).toHaveLength(9);
    for (const name of whole) expect(distance(gradients, name), name).toBeLessThan(2e-5);
    for (const [name, gradient] of gradients) expectStatistics(gradient, fixture.array(`gradstat/${name}`), name);
    tf.dispose([...gradients.values()]);
  });
  it('without its weights has other gradients', () => {
    const { gradients } = step('paper');
    expect(distance(gradients, 'bn1.bias')).toBeGreaterThan(1e-2);
    tf.dispose([...gradients.values()]);
  });
});
