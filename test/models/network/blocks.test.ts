import { expect, it } from 'vitest';
import { selfAttention } from '../../../models/network/attention.ts';
import { rotaryTable } from '../../../models/network/rotary.ts';
import { maxDifference, readFixture, testBackend } from './fixture.ts';

it('self-attention is another one when the positions are shifted by one register', async () => {
  const tf = await testBackend();
  const fixture = readFixture(tf, 'block_self_attention');
  const sizes = { heads: 3, headWidth: 8, softClamp: 50 };
  const weights = new Map([...fixture.weights()].map(([name, tensor]) => [`a.${name}`, tensor]));
  const distance = (turning: number) => {
    const rotary = rotaryTable(tf, { positions: 10, ...sizes, scale: 1 / (50 * Math.sqrt(8)), turning });
    return maxDifference(selfAttention(tf, weights, 'a', fixture.tensor('plain/in/x'), sizes, rotary), fixture.array('plain/out/y'));
  };
  expect(distance(8)).toBeLessThan(1e-5);
  expect(distance(4)).toBeGreaterThan(1e-3);
});
