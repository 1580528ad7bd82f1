import { describe, expect, it } from 'vitest';
import { fillBits, normal, permutation, philox, shuffled, uniform } from '../../numeric/random.ts';

const hex = (words: Uint32Array) => [...words].map((word) => word.toString(16).padStart(8, '0')).join(' ');

describe('Philox 4x32-10', () => {
  // Known answers of the authors' library (Random123, kat_vectors).
  it.each([
    ['zeros', [0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ones', [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['digits of π', [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ] as const)('%s', (_, counter, key, expected) => {
    const block = Uint32Array.from(counter);
    philox(block, key[0], key[1]);
    expect(hex(block)).toBe(expected);
  });
});

describe('draws', () => {
  const address = { seed: 7, purpose: 'noise', step: 3, sample: 2 };
  it('depend on every part of the address and on nothing drawn before', () => {
    const first = fillBits(address, new Uint32Array(10));
    uniform({ ...address, step: 4 }, 100);
    expect(fillBits(address, new Uint32Array(10))).toEqual(first);
    for (const other of [{ seed: 8 }, { seed: 7 + 2 ** 32 }, { purpose: 'time' }, { step: 4 }, { sample: 3 }]) {
      expect(fillBits({ ...address, ...other }, new Uint32Array(10))).not.toEqual(first);
    }
  });
  it('of a shorter request are the beginning of a longer one', () => {
    expect(normal(address, 6)).toEqual(normal(address, 40).subarray(0, 6));
    expect(normal(address, 5)).toEqual(normal(address, 6).subarray(0, 5));
  });
  it('have the moments of their distributions', () => {
    const values = normal(address, 20_000);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
    const flat = uniform(address, 20_000);
    expect(Math.abs(flat.reduce((sum, value) => sum + value, 0) / flat.length - 0.5)).toBeLessThan(0.01);
    expect(Math.min(...flat)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...flat)).toBeLessThan(1);
  });
  it('shuffle to a permutation', () => {
    const order = shuffled(address, 100);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect([...order]).not.toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
  it('permute place by place, every place once, each address in its own way', () => {
    for (const count of [1, 2, 3, 5, 64, 1000, 4097]) {
      const places = Array.from({ length: count }, (_, place) => permutation(address, count)(place));
      expect([...places].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
    }
    // Where each of 5 places goes, over many addresses: all equally often.
    const seen = new Uint32Array(25);
    for (let step = 0; step < 4000; step++) {
      const place = permutation({ ...address, step }, 5);
      for (let i = 0; i < 5; i++) seen[5 * i + place(i)] = (seen[5 * i + place(i)] ?? 0) + 1;
    }
    for (const times of seen) expect(Math.abs(times - 800)).toBeLessThan(120);
  });
});
