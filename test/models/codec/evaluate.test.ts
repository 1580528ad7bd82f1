import { expect, test } from 'vitest';
import { noteRoll } from '../../../models/codec/evaluate.ts';

test('a note sounds in the frames between its strike and its damper', () => {
  const roll = noteRoll([{ pitch: 60, velocity: 80, start: 0.1, end: 0.2 }], 20);
  const sounding = Array.from({ length: 20 }, (_, frame) => frame).filter((frame) => roll[frame * 88 + 39]);
  expect(sounding).toEqual([8, 9, 10, 11, 12, 13, 14]);
  expect(roll.reduce((sum, value) => sum + value, 0)).toBe(7);
});

test('a note beyond the last frame is cut off', () => {
  expect(noteRoll([{ pitch: 108, velocity: 80, start: 0.2, end: 9 }], 20).reduce((sum, value) => sum + value, 0)).toBe(5);
});
