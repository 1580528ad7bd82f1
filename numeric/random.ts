/**
 * Counter-based random numbers (Philox 4x32-10, Salmon et al. 2011): a value depends only on its address
 * (seed, purpose, step, sample, index), never on what was drawn before, so a resumed run draws the same.
 */
export interface Address {
  readonly seed: number;
  /** Names the use: `noise`, `time`, `order`, `dropout` … */
  readonly purpose: string;
  readonly step?: number;
  readonly sample?: number;
}

const MULTIPLY_0 = 0xd2511f53;
const MULTIPLY_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** FNV-1a over UTF-8, 32 bits. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** High 32 bits of a 32 × 32 bit product. */
function high(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(carry / 65536)) >>> 0;
}

/** One block of Philox 4x32-10: `block` holds the counter's four words and receives four random ones; the key has two. */
export function philox(block: Uint32Array, key0: number, key1: number): void {
  let [c0, c1, c2, c3] = [block[0] ?? 0, block[1] ?? 0, block[2] ?? 0, block[3] ?? 0];
  let [k0, k1] = [key0, key1];
  for (let round = 0; round < 10; round++) {
    const h0 = high(MULTIPLY_0, c0);
    const l0 = Math.imul(MULTIPLY_0, c0) >>> 0;
    const h1 = high(MULTIPLY_1, c2);
    const l1 = Math.imul(MULTIPLY_1, c2) >>> 0;
    c0 = (h1 ^ c1 ^ k0) >>> 0;
    c1 = l1;
    c2 = (h0 ^ c3 ^ k1) >>> 0;
    c3 = l0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  block[0] = c0;
  block[1] = c1;
  block[2] = c2;
  block[3] = c3;
}

/** Fills `out` with uniform 32-bit integers of one address, from block 0 on. */
export function fillBits(address: Address, out: Uint32Array): Uint32Array {
  const purpose = hash32(address.purpose);
  const [low, upper] = [address.seed >>> 0, Math.floor(address.seed / 4294967296) >>> 0];
  const block = new Uint32Array(4);
  for (let i = 0; i < out.length; i += 4) {
    block[0] = i >>> 2;
    block[1] = address.sample ?? 0;
    block[2] = address.step ?? 0;
    block[3] = purpose;
    philox(block, low, upper);
    for (let word = 0; word < 4 && i + word < out.length; word++) out[i + word] = block[word] ?? 0;
  }
  return out;
}

/** `count` numbers in [0, 1) with 32 random bits each. */
export function uniform(address: Address, count: number): Float64Array {
  const bits = fillBits(address, new Uint32Array(count));
  return Float64Array.from(bits, (value) => value / 4294967296);
}

/** `count` standard normal numbers (Box–Muller), rounded to float32. */
export function normal(address: Address, count: number): Float32Array {
  const even = count + (count % 2);
  const bits = fillBits(address, new Uint32Array(even));
  const out = new Float32Array(count);
  for (let i = 0; i < even; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(((bits[i] ?? 0) + 1) / 4294967296));
    const angle = (2 * Math.PI * (bits[i + 1] ?? 0)) / 4294967296;
    out[i] = radius * Math.cos(angle);
    if (i + 1 < count) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

/** A permutation of 0…count−1 (Fisher–Yates). */
export function shuffled(address: Address, count: number): Uint32Array {
  const bits = fillBits(address, new Uint32Array(count));
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(((bits[i] ?? 0) / 4294967296) * (i + 1));
    const held = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = held;
  }
  return order;
}

/** Rounds of the network below: enough for its order to look drawn, also where there are only a few places. */
const ROUNDS = 8;

/**
 * A permutation of 0…count−1 as a function of the place, so that no order has to be kept: a Feistel network over the next power of four, walked until
 * it comes back inside (Black and Rogaway 2002). `count` up to 2³⁰.
 */
export function permutation(address: Address, count: number): (place: number) => number {
  let bits = 1;
  while (4 ** bits < count) bits++;
  const mask = 2 ** bits - 1;
  const keys = fillBits(address, new Uint32Array(ROUNDS));
  const mix = (value: number, key: number) => {
    const first = Math.imul((value ^ key) + 0x9e3779b9, 0x85ebca6b);
    const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
    return (second ^ (second >>> 16)) >>> 0;
  };
  const once = (place: number) => {
    let [left, right] = [place >>> bits, place & mask];
    for (const key of keys) [left, right] = [right, left ^ (mix(right, key) & mask)];
    return ((left << bits) | right) >>> 0;
  };
  return (place) => {
    let found = once(place);
    while (found >= count) found = once(found);
    return found;
  };
}
