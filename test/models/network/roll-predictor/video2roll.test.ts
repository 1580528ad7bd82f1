import { beforeAll, expect, it } from 'vitest';
import { type ImageLayers, imageLayers } from '../../../../models/network/image-layers.ts';
import { attendedFeatures } from '../../../../models/network/roll-predictor/pyramid.ts';
import { residualFeatures } from '../../../../models/network/roll-predictor/residual-blocks.ts';
import type { Tf } from '../../../../models/network/tensor-types.ts';
import { type Fixture, maxDifference, readFixture, testBackend } from '../fixture.ts';
import { formulaUniform, formulaWeights, formulaWindows } from './by-formula.ts';

let tf: Tf;
let fixture: Fixture;
beforeAll(async () => {
  tf = await testBackend();
  fixture = readFixture(tf, 'roll_predictor');
});

it('the numbers of the fixture belong to names', () => {
  expect(formulaUniform(fixture, 'conv1.weight')(0)).not.toBe(formulaUniform(fixture, 'conv1.bias')(0));
});

it('the logits are others with the ε of another library, and none without the border of the transforms', () => {
  const [weights, windows] = [formulaWeights(tf, fixture), formulaWindows(tf, fixture)];
  const logits = (layers: ImageLayers) => layers.linear('fc', attendedFeatures(tf, layers, residualFeatures(tf, layers, windows)));
  const own = imageLayers(tf, weights, { training: false, epsilon: 1e-5 });
  tf.tidy(() => {
    expect(maxDifference(logits(own), fixture.array('out/logits'))).toBeLessThan(2e-5);
    const other = imageLayers(tf, weights, { training: false, epsilon: 1e-3 });
    expect(maxDifference(logits(other), fixture.array('out/logits'))).toBeGreaterThan(1e-3);
    const bare: ImageLayers = { ...own, convolution: (name, x, sizes) => own.convolution(name, x, name.endsWith('conv0') ? {} : sizes) };
    expect(() => logits(bare)).toThrow(/shapes/);
  });
});
