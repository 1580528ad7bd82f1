import { beforeAll, describe, expect, it } from 'vitest';
import { type NetworkConfig, PAPER_STAGE_1, PAPER_STAGE_2 } from '../../../models/network/config.ts';
import { countParameters, type ParameterShapes, parameterShapes } from '../../../models/network/parameters.ts';
import { besideWeights, releasedName } from '../../../models/network/released-names.ts';
import { AUDEO } from '../../../models/network/roll-predictor/config.ts';
import { rollPredictorShapes } from '../../../models/network/roll-predictor/shapes.ts';
import type { Tf } from '../../../models/network/tensor-types.ts';
import { contrastiveShapes } from '../../../models/objectives/contrastive.ts';
import { CLUB_COND_MAXIMISE, factorClShapes } from '../../../models/objectives/factor-cl/config.ts';
import { predictorShapes } from '../../../models/training/flow/weights.ts';
import { networkConfig, readFixture, testBackend } from './fixture.ts';
import { formulaRows } from './roll-predictor/by-formula.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await testBackend();
});

const released = (shapes: ParameterShapes) => [...shapes.keys()].map(releasedName);
const factor = factorClShapes({
  widths: { audio: 1024, video: 1280 },
  criticWidth: 512,
  condition: { kind: 'labels', classes: 6 },
  ...CLUB_COND_MAXIMISE,
});
const together = (...parts: ParameterShapes[]): ParameterShapes => new Map(parts.flatMap((part) => [...part]));

describe('at the sizes of the paper every weight has one name there', () => {
  it.each<[string, number, ParameterShapes]>([
    ['base', 710_952_640, parameterShapes(PAPER_STAGE_1)],
    ['piano', 789_296_595, together(parameterShapes(PAPER_STAGE_2), predictorShapes(AUDEO))],
    ['contrastive', 712_133_312, together(parameterShapes(PAPER_STAGE_1), contrastiveShapes(1024, 1280, 512))],
    ['FactorCL', 717_780_673, together(parameterShapes(PAPER_STAGE_1), factor)],
    ['roll predictor', 12_713_651, rollPredictorShapes(AUDEO)],
  ])('%s: %i parameters', (_, parameters, shapes) => {
    expect(countParameters(shapes)).toBe(parameters);
    expect(new Set(released(shapes)).size).toBe(shapes.size);
  });
  it('and so it does with projections, which the paper’s widths do not need', () => {
    const widened: NetworkConfig = {
      ...PAPER_STAGE_2,
      text: { width: 768 },
      video: { width: 1280, heads: 16, headWidth: 64, inputWidth: 512 },
    };
    const names = released(parameterShapes(widened));
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => /^proj_(?:text|prompt)/.test(name))).toEqual([
      'proj_prompt.weight',
      'proj_text.weight',
      'proj_text.bias',
    ]);
  });
});

describe('the names are those of the reference', () => {
  it.each(['transformer_stage1', 'transformer_stage2_extra8x64'])('%s', (file) => {
    const fixture = readFixture(tf, file);
    const theirs = [...fixture.weights().keys()].filter((name) => besideWeights(name) === undefined);
    expect(released(parameterShapes(networkConfig(fixture))).sort()).toEqual(theirs.sort());
  });
  it('of the roll predictor inside the flow model', () => {
    const theirs = formulaRows(readFixture(tf, 'roll_predictor')).map(([name]) => `video2roll_net.${name}`);
    expect(released(predictorShapes(AUDEO)).sort()).toEqual(theirs.sort());
  });
});

it('what a released file holds beside the weights is known by name, and no weight is among it', () => {
  for (const name of ['text_encoder2.shared.weight', 'image_encoder.visual_projection.weight', 'video2roll_net.bn1.num_batches_tracked'])
    expect(besideWeights(name), name).toBeDefined();
  for (const name of released(together(parameterShapes(PAPER_STAGE_2), predictorShapes(AUDEO))))
    expect(besideWeights(name), name).toBeUndefined();
});
