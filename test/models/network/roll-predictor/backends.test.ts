import { describe, expect, it } from 'vitest';
import { type BackendName, compile, loadBackend } from '../../../../models/backend/index.ts';
import { findNativePackages } from '../../../../models/backend/native.ts';
import { initialParameters } from '../../../../models/network/parameters.ts';
import { AUDEO, type RollPredictorConfig } from '../../../../models/network/roll-predictor/config.ts';
import { predictRoll } from '../../../../models/network/roll-predictor/predict-roll.ts';
import { rollPredictorShapes } from '../../../../models/network/roll-predictor/shapes.ts';
import type { Tensor, Tf } from '../../../../models/network/tensor-types.ts';
import { rollObjective } from '../../../../models/objectives/roll-prediction.ts';
import { normal, uniform } from '../../../../numeric/random.ts';
import { distance } from '../distance.ts';

const backends: BackendName[] = findNativePackages().length > 0 ? ['tensorflow', 'wasm', 'cpu'] : ['wasm', 'cpu'];
const config: RollPredictorConfig = { ...AUDEO, views: ['front', 'top'], height: 30, width: 60, baseWidth: 4, sustain: true };
const BATCH = 3;
const shapes = rollPredictorShapes(config);
const trained = [...shapes].filter(([, { trainable }]) => trainable).map(([name]) => name);
const buffers = [...shapes.keys()].filter((name) => !trained.includes(name));

function inputsOf(tf: Tf): Tensor[] {
  const values = initialParameters(shapes, 3);
  const weights = [...trained, ...buffers].map((name) => tf.tensor(values.get(name)?.data ?? [], [...(shapes.get(name)?.shape ?? [])]));
  const draw = (purpose: string, shape: [number, ...number[]]) =>
    tf.tensor(
      Float32Array.from(
        uniform(
          { seed: 1, purpose },
          shape.reduce((a, b) => a * b, 1),
        ),
      ),
      shape,
    );
  const down = tf.cast(tf.greater(draw('target', [BATCH, 51]), 0.8), 'float32');
  return [...weights, draw('windows', [BATCH, 30, 60, 10]), down, tf.tensor2d([1, 0, 1], [BATCH, 1])];
}

/** Loss, logits, gradients by every weight, and the new running estimates. */
function step(tf: Tf, inputs: readonly Tensor[]): Tensor[] {
  const [windows, target, sustain] = inputs.slice(-3) as [Tensor, Tensor, Tensor];
  let estimates: Readonly<Record<string, Tensor>> = {};
  let roll: Tensor = windows;
  const loss = (...leaves: Tensor[]) => {
    const named = [...trained, ...buffers].map((name, i) => [name, leaves[i] ?? (inputs[i] as Tensor)] as const);
    const objective = rollObjective(tf, config, 'code', new Map(named), { windows, target, sustain });
    [estimates, roll] = [objective.buffers, tf.keep(objective.watched.roll)];
    for (const estimate of Object.values(estimates)) tf.keep(estimate);
    return objective.loss.asScalar();
  };
  const { value, grads } = tf.valueAndGrads(loss)(inputs.slice(0, trained.length) as Tensor[]);
  const kept = [roll, ...buffers.map((name) => estimates[name] as Tensor)];
  const outputs = [value, ...grads, ...kept.map((tensor) => tf.clone(tensor))];
  tf.dispose(kept);
  return outputs;
}

const outputNames = ['loss', ...trained, 'roll', ...buffers];
let reference: readonly (ArrayLike<number> | undefined)[] = [];

describe.each(backends)('a small roll predictor on %s', (name) => {
  it('gives what it gives elsewhere, with gradients and running estimates', async () => {
    const { tf } = await loadBackend(name);
    const found = tf.tidy(() => step(tf, inputsOf(tf))).map((tensor) => tensor.dataSync());
    if (reference.length === 0) reference = found;
    for (const [i, output] of outputNames.entries()) expect(distance(found[i], reference[i]), output).toBeLessThan(2e-4);
  });

  it('gives the same as one compiled call, at every call', async () => {
    const { tf } = await loadBackend(name);
    const inputs = inputsOf(tf);
    const eager = tf.tidy(() => step(tf, inputs)).map((tensor) => tensor.dataSync());
    const compiled = compile(tf, (given) => step(tf, given));
    for (let call = 0; call < 2; call++) {
      const outputs = compiled.call(inputs);
      for (const [i, output] of outputNames.entries()) expect(distance(outputs[i]?.dataSync(), eager[i]), output).toBeLessThan(2e-5);
      tf.dispose([...outputs]);
    }
    compiled.dispose();
  });
});

it('windows of another size are refused', async () => {
  const { tf } = await loadBackend('cpu');
  const weights = new Map<string, Tensor>();
  const windows = tf.tensor(normal({ seed: 1, purpose: 'w' }, 30 * 61 * 10), [1, 30, 61, 10]);
  expect(() => predictRoll(tf, config, weights, windows, { training: false })).toThrow(expect.objectContaining({ code: 'NETWORK_INPUT' }));
});
