import { describe, expect, it } from 'vitest';
import { countParameters } from '../../../../models/network/parameters.ts';
import { AUDEO, missingBorder, type RollPredictorConfig } from '../../../../models/network/roll-predictor/config.ts';
import { rollPredictorShapes } from '../../../../models/network/roll-predictor/shapes.ts';

const shapes = (config: Partial<RollPredictorConfig> = {}) => rollPredictorShapes({ ...AUDEO, ...config });

describe('the weights of a roll predictor', () => {
  it('are as many as Video2Roll has', () => {
    expect(countParameters(shapes())).toBe(12_713_651);
    expect(countParameters(shapes({ keys: 88 }))).toBe(12_718_424);
    const untrained = [...shapes()].filter(([, { trainable }]) => !trainable);
    expect(untrained.reduce((sum, [, { shape }]) => sum + (shape[0] ?? 0), 0)).toBe(10_752);
  });
  it('are a sixteenth with a quarter of the width, but for what reads and writes', () => {
    const small = shapes({ baseWidth: 16, views: ['front', 'top', 'pedal'] });
    expect(small.get('layer4.1.conv2.weight')?.shape).toEqual([128, 128, 3, 3]);
    expect(small.get('conv1.weight')?.shape).toEqual([16, 15, 11, 11]);
    expect(countParameters(small)).toBeLessThan(countParameters(shapes()) / 15);
  });
  it('have a sustain output of their own only if asked', () => {
    expect(shapes().has('sustain.weight')).toBe(false);
    expect(countParameters(shapes({ sustain: true }))).toBe(12_713_651 + 129);
  });
  it('are refused for sizes that make no network, all problems at once', () => {
    const wrong = { ...AUDEO, window: 4, baseWidth: 0, views: ['front', 'front'] };
    expect(() => rollPredictorShapes(wrong)).toThrow(
      expect.objectContaining({ code: 'NETWORK_CONFIG', problems: expect.objectContaining({ length: 3 }) }),
    );
  });
});

/** Rows that the three paths of the network come to, by torch's rules, for pictures of `size` rows. */
function grids(size: number): number[] {
  const strided = (n: number) => Math.floor((n - 1) / 2) + 1;
  const transformed = (n: number) => Math.floor((n + 2) / 2);
  const x2 = strided(strided(Math.floor((size + 8 - 11) / 2) + 1));
  const x3 = strided(x2);
  return [transformed(transformed(x2)), transformed(x3), strided(x3)];
}

describe('the border of a picture', () => {
  it('is nothing for Audeo’s size, and lets the paths of every other size meet', () => {
    expect([missingBorder(100), missingBorder(900)]).toEqual([0, 0]);
    for (let size = 1; size < 400; size++) expect(new Set(grids(size + missingBorder(size))).size, String(size)).toBe(1);
  });
  it('is never larger than it must be', () => {
    for (let size = 3; size < 400; size++) {
      if (missingBorder(size) > 0) expect(new Set(grids(size + missingBorder(size) - 1)).size, String(size)).toBeGreaterThan(1);
    }
  });
});
