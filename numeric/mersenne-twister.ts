const SIZE = 624;

/** Words of MT19937 (Matsumoto & Nishimura 1998), seeded by its 32-bit initialisation. */
export function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(SIZE);
  state[0] = seed;
  for (let i = 1; i < SIZE; i++) {
    const before = state[i - 1] ?? 0;
    state[i] = Math.imul(1_812_433_253, before ^ (before >>> 30)) + i;
  }
  let next = SIZE;
  return () => {
    if (next === SIZE) {
      for (let i = 0; i < SIZE; i++) {
        const y = ((state[i] ?? 0) & 0x8000_0000) | ((state[(i + 1) % SIZE] ?? 0) & 0x7fff_ffff);
        state[i] = (state[(i + 397) % SIZE] ?? 0) ^ (y >>> 1) ^ (y & 1 ? 0x9908_b0df : 0);
      }
      next = 0;
    }
    let y = state[next++] ?? 0;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c_5680;
    y ^= (y << 15) & 0xefc6_0000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

/** A permutation of 0 … n − 1 as NumPy's `RandomState(seed).permutation` draws it, so that splits are those of Python's tools. */
export function legacyPermutation(n: number, seed: number): number[] {
  const draw = mersenneTwister(seed);
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const mask = 2 ** Math.ceil(Math.log2(i + 1)) - 1;
    let j = draw() & mask;
    while (j > i) j = draw() & mask;
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}
