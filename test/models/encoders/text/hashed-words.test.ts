import { expect, test } from 'vitest';
import { hashedWords } from '../../../../models/encoders/text/hashed-words.ts';

const encoder = hashedWords(16, 4);

test('a caption has the same states every time, whatever its case and punctuation', () => {
  expect(encoder.encode('A Bell, rings!')).toEqual(encoder.encode('a bell rings'));
});

test('other words, or another order, are other states', () => {
  expect(encoder.encode('bell rings')).not.toEqual(encoder.encode('rings bell'));
  expect(encoder.encode('bell')).not.toEqual(encoder.encode('bells'));
});

test('a caption is cut to its first words, an empty one has no token', () => {
  expect(encoder.encode('one two three four five six')).toEqual(encoder.encode('one two three four'));
  expect(encoder.encode('… !')).toHaveLength(0);
});

test('states have about unit variance', () => {
  const states = hashedWords(512, 20).encode('a low drone under a high bell that rings twice in the rain');
  const variance = states.reduce((sum, value) => sum + value * value, 0) / states.length;
  expect(variance).toBeGreaterThan(0.9);
  expect(variance).toBeLessThan(1.3);
});
