const bits = new Uint32Array(1);
const value = new Float32Array(bits.buffer);

/** IEEE 754 binary16 to float32, exact. */
export function widenHalf(half: Uint16Array): Float32Array {
  return Float32Array.from(half, (h) => {
    const sign = h & 0x8000 ? -1 : 1;
    const exponent = (h >> 10) & 0x1f;
    const fraction = h & 0x3ff;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/** bfloat16 to float32, exact: the upper half of the bits. */
export function widenBfloat16(half: Uint16Array): Float32Array {
  const out = new Uint32Array(half.length);
  for (const [i, h] of half.entries()) out[i] = h << 16;
  return new Float32Array(out.buffer);
}

/** float32 to IEEE 754 binary16, to nearest, ties to even; beyond 65,504 infinity. */
export function narrowHalf(wide: Float32Array): Uint16Array {
  return Uint16Array.from(wide, (number) => {
    value[0] = number;
    const word = bits[0] ?? 0;
    const sign = (word >>> 16) & 0x8000;
    const exponent = ((word >>> 23) & 0xff) - 112;
    const fraction = word & 0x7fffff;
    if (exponent === 143) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
    if (exponent >= 31) return sign | 0x7c00;
    if (exponent < -10) return sign;
    const [mantissa, shift] = exponent > 0 ? [((exponent << 23) | fraction) >>> 0, 13] : [fraction | 0x800000, 14 - exponent];
    const kept = mantissa >>> shift;
    const rest = mantissa & ((1 << shift) - 1);
    const half = 1 << (shift - 1);
    return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0));
  });
}
