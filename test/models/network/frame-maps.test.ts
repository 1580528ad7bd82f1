import { expect, it } from 'vitest';
import { featureFrames } from '../../../models/network/frame-maps.ts';

it('a single frame stands for all', () => {
  expect([...featureFrames(1, 10, 3)]).toEqual([0, 0, 0]);
});
