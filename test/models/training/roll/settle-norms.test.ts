import { beforeAll, expect, it } from 'vitest';
import { initialParameters } from '../../../../models/network/parameters.ts';
import type { RollPredictorConfig } from '../../../../models/network/roll-predictor/config.ts';
import { predictRoll } from '../../../../models/network/roll-predictor/predict-roll.ts';
import { rollPredictorShapes } from '../../../../models/network/roll-predictor/shapes.ts';
import type { Tensor, Tf } from '../../../../models/network/tensor-types.ts';
import { settleNorms } from '../../../../models/training/roll/settle-norms.ts';
import { type NamedArrays, toTensor } from '../../../../models/training/state.ts';
import { uniform } from '../../../../numeric/random.ts';
import { testBackend } from '../../network/fixture.ts';
import { PREDICTOR } from '../flow/small-stages.ts';

const predictor: RollPredictorConfig = { ...PREDICTOR, target: 'binary' };
let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

const windows = (): Tensor => tf.tensor(Float32Array.from(uniform({ seed: 4, purpose: 'windows' }, 64 * 3 * 35 * 5)), [64, 3, 35, 5]);
const asTensors = (weights: NamedArrays) => new Map([...weights].map(([name, array]) => [name, toTensor(tf, array)]));

/** Mean difference between what the network says with its estimates and with the statistics of the very batch. */
const misfit = (weights: NamedArrays): number =>
  tf.tidy(() => {
    const said = (training: boolean) => predictRoll(tf, predictor, asTensors(weights), windows(), { training }).logits;
    return tf.mean(tf.abs(tf.sub(said(false), said(true)))).dataSync<'float32'>()[0] ?? Number.NaN;
  });

const settle = (weights: NamedArrays) =>
  settleNorms(
    tf,
    weights,
    (moving, { pictures }) => predictRoll(tf, predictor, moving, pictures as Tensor, { training: true }).buffers,
    () => ({ pictures: windows() }),
  );

it('gives estimates that fit weights which have moved on, changes nothing else and leaves no tensor behind', async () => {
  const isEstimate = (name: string) => /running_(?:mean|var)$/.test(name);
  const fitting = await settle(initialParameters(rollPredictorShapes(predictor), 5));
  const moved = new Map(
    [...fitting].map(([name, { shape, data }]) => [name, { shape, data: isEstimate(name) ? data : data.map((x) => 1.5 * x + 0.01) }]),
  );
  const before = tf.memory().numTensors;
  const settled = await settle(moved);
  expect(tf.memory().numTensors).toBe(before);
  expect(misfit(settled)).toBeLessThan(0.2 * misfit(moved));
  const trained = (weights: NamedArrays) => [...weights].filter(([name]) => !isEstimate(name));
  expect(trained(settled)).toEqual(trained(moved));
});
