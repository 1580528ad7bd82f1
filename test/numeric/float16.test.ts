import { expect, test } from 'vitest';
import { fromHalfBits, toHalves, widenBfloat16 } from '../../numeric/float16.ts';

const all = Uint16Array.from({ length: 65536 }, (_, i) => i);

test('every half survives the way to float32 and back', () => {
  const back = toHalves(fromHalfBits(all));
  const isNaN16 = (h: number) => (h & 0x7c00) === 0x7c00 && (h & 0x3ff) !== 0;
  for (const h of all) if (!isNaN16(h)) expect(back[h]).toBe(h);
});

test('rounding goes to the nearest half, ties to the even one', () => {
  const halves = fromHalfBits(all);
  for (const h of [0x0000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x3c01, 0x7bfe]) {
    const [low, high] = [halves[h] ?? 0, halves[h + 1] ?? 0];
    const middle = (low + high) / 2;
    expect(toHalves(Float32Array.of(middle))[0]).toBe(h + (h & 1));
    expect(toHalves(Float32Array.of(low + (high - low) * 0.49))[0]).toBe(h);
    expect(toHalves(Float32Array.of(low + (high - low) * 0.51))[0]).toBe(h + 1);
  }
  expect(Array.from(toHalves(Float32Array.of(65519, 65520, -1e30, 1e-9, Number.NaN)))).toEqual([0x7bff, 0x7c00, 0xfc00, 0, 0x7e00]);
});

test('bfloat16 is the upper half of a float32', () => {
  expect(Array.from(widenBfloat16(Uint16Array.of(0x3f80, 0xbf80, 0x7f80, 0x4049)))).toEqual([1, -1, Infinity, 3.140625]);
});
