import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initialParameters, type NamedArray } from '../../models/network/parameters.ts';
import { AUDEO, inputChannels, type RollPredictorConfig } from '../../models/network/roll-predictor/config.ts';
import { rollPredictorShapes } from '../../models/network/roll-predictor/shapes.ts';
import { readFloats, storeFloats, writeSafetensors } from '../../models/tensor/safetensors.ts';
import { uniform } from '../../numeric/random.ts';

/** A roll predictor and a batch of windows, as every row of the bench gets them. */
export interface RollCase {
  readonly predictor: RollPredictorConfig;
  readonly windows: number;
  readonly rate: number;
}

export const ROLL_CASES: Readonly<Record<string, RollCase>> = {
  audeo: { predictor: AUDEO, windows: 4, rate: 1e-4 },
  demo: { predictor: { ...AUDEO, height: 36, width: 164, baseWidth: 8, target: 'velocity' }, windows: 204, rate: 1e-4 },
};

/** Writes `case.json`, `weights.safetensors` and `batch.safetensors`: windows [N,H,W,C] and target [N,keys]. */
export async function writeRollCase(folder: string, one: RollCase): Promise<void> {
  const { predictor, windows } = one;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'case.json'), JSON.stringify(one));
  const shape = [windows, predictor.height, predictor.width, inputChannels(predictor)];
  const draw = (purpose: string, count: number) => Float32Array.from(uniform({ seed: 1, purpose }, count));
  const batch: [string, NamedArray][] = [
    [
      'windows',
      {
        shape,
        data: draw(
          'windows',
          shape.reduce((product, side) => product * side, 1),
        ),
      },
    ],
    [
      'target',
      { shape: [windows, predictor.keys], data: draw('target', windows * predictor.keys).map((value) => (value > 0.9 ? value : 0)) },
    ],
  ];
  const write = (name: string, arrays: Iterable<readonly [string, NamedArray]>) =>
    writeSafetensors(join(folder, name), new Map(Array.from(arrays, ([key, { shape, data }]) => [key, storeFloats(data, shape)])));
  await write('weights.safetensors', initialParameters(rollPredictorShapes(predictor), 1));
  await write('batch.safetensors', batch);
}

export async function readRollCase(folder: string) {
  const one: RollCase = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8'));
  const { tensors: weights } = await readFloats(join(folder, 'weights.safetensors'));
  const { tensors: batch } = await readFloats(join(folder, 'batch.safetensors'));
  return { ...one, weights, batch };
}
