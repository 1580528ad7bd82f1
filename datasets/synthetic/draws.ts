import { type Address, fillBits } from '../../numeric/random.ts';

/** Random numbers drawn one after the other from one address; the same address gives the same numbers. */
export interface Draws {
  /** In [least, most). */
  uniform(least: number, most: number): number;
  /** A whole number, both ends included. */
  integer(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** Around 0 with deviation 1. */
  normal(): number;
}

const BLOCK = 64;

/** Opens a row of draws; `address.sample` is taken by the row itself. */
export function drawsOf(address: Omit<Address, 'sample'>): Draws {
  const bits = new Uint32Array(BLOCK);
  let drawn = 0;
  const next = () => {
    if (drawn % BLOCK === 0) fillBits({ ...address, sample: drawn / BLOCK }, bits);
    return (bits[drawn++ % BLOCK] ?? 0) / 4294967296;
  };
  return {
    uniform: (least, most) => least + (most - least) * next(),
    integer: (least, most) => least + Math.floor((most - least + 1) * next()),
    chance: (probability) => next() < probability,
    pick: (choices) => {
      const choice = choices[Math.floor(next() * choices.length)];
      if (choice === undefined) throw new RangeError('nothing to pick from');
      return choice;
    },
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}
