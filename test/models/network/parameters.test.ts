import { describe, expect, it } from 'vitest';
import { PAPER_STAGE_1, PAPER_STAGE_2 } from '../../../models/network/config.ts';
import { countParameters, initialParameters, parameterShapes } from '../../../models/network/parameters.ts';

const SMALL = {
  ...PAPER_STAGE_1,
  depth: 2,
  latentChannels: 4,
  positions: 8,
  registers: 2,
  audio: { width: 8, heads: 2, headWidth: 4 },
  text: { width: 8 },
};
const rollNet = 12_713_651;

describe('number of parameters', () => {
  it('of the base model is the paper’s, to the last one', () => {
    expect(countParameters(parameterShapes(PAPER_STAGE_1))).toBe(710_952_640);
  });
  it('of the piano model is the paper’s without the roll predictor, which is a network of its own', () => {
    expect(countParameters(parameterShapes(PAPER_STAGE_2))).toBe(789_296_595 - rollNet);
    const keys88 = { ...PAPER_STAGE_2, extra: { width: 512, heads: 8, headWidth: 64, keys: 88 } };
    expect(countParameters(parameterShapes(keys88))).toBe(789_320_312 - 12_718_424);
  });
  it('turns red when one map is missing', () => {
    const shapes = parameterShapes(PAPER_STAGE_1);
    shapes.delete('transformer.layers.3.1.5.audio_to_text.weight');
    expect(countParameters(shapes)).not.toBe(710_952_640);
  });
});

describe('first values', () => {
  it('depend on the seed and the name only, so that a new stream leaves the others alone', () => {
    const { video: _, ...audioOnly } = SMALL;
    const alone = initialParameters(parameterShapes(audioOnly), 5);
    const grown = initialParameters(parameterShapes({ ...SMALL, video: { width: 6, heads: 1, headWidth: 4 } }), 5);
    for (const [name, { data }] of alone) expect(grown.get(name)?.data, name).toEqual(data);
    expect(initialParameters(parameterShapes(audioOnly), 6).get('proj_in.weight')).not.toEqual(alone.get('proj_in.weight'));
  });
  it('of the maps between streams and of the modulation are zero', () => {
    const values = initialParameters(parameterShapes({ ...SMALL, video: { width: 6, heads: 1, headWidth: 4 } }), 5);
    for (const [name, { data }] of values) {
      if (/_to_|to_gamma\.weight/.test(name))
        expect(
          data.every((value) => value === 0),
          name,
        ).toBe(true);
    }
  });
});

it('a config that cannot be built is refused with every reason', () => {
  expect(() =>
    parameterShapes({ ...SMALL, depth: 3, kernel: 4, extra: { width: 4, heads: 1, headWidth: 3, keys: 51 }, video: undefined as never }),
  ).toThrow(/depth[\s\S]*kernel[\s\S]*extra\.headWidth[\s\S]*video stream/);
});
