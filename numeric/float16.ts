/** IEEE 754 half precision as Uint16 bits; Node has no Float16Array before version 24. */
import { widenBySimd } from './widen-simd.ts';

const bits = new Uint32Array(1);
const single = new Float32Array(bits.buffer);

/** Rounds to nearest, ties to even. */
export function toHalfBits(value: number): number {
  single[0] = value;
  const whole = bits[0] ?? 0;
  const sign = (whole >>> 16) & 0x8000;
  const exponent = (whole >>> 23) & 0xff;
  const mantissa = whole & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200);
  const half = exponent - 112;
  if (half >= 31) return sign | 0x7c00;
  if (half <= 0) {
    if (half < -10) return sign;
    const shift = 14 - half;
    const full = mantissa | 0x800000;
    const kept = full >>> shift;
    const rest = full & ((1 << shift) - 1);
    const middle = 1 << (shift - 1);
    return sign | (kept + (rest > middle || (rest === middle && (kept & 1) === 1) ? 1 : 0));
  }
  const kept = (half << 10) | (mantissa >>> 13);
  const rest = mantissa & 0x1fff;
  return sign | (kept + (rest > 0x1000 || (rest === 0x1000 && (kept & 1) === 1) ? 1 : 0));
}

function halfValue(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

let widen: ((halves: Uint16Array, out: Float32Array) => void) | undefined;

/** Widens exactly, several values an instruction where the processor can, else through a table. */
export function fromHalfBits(halves: Uint16Array, out: Float32Array = new Float32Array(halves.length)): Float32Array {
  widen ??= widenBySimd() ?? widenByTable();
  widen(halves, out);
  return out;
}

/** Through a table of all 65,536 values, several times faster than arithmetic. */
export function widenByTable(): (halves: Uint16Array, out: Float32Array) => void {
  const table = Float32Array.from({ length: 65536 }, (_, half) => halfValue(half));
  return (halves, out) => {
    for (let i = 0; i < halves.length; i++) out[i] = table[halves[i] ?? 0] ?? 0;
  };
}

export const toHalves = (values: Float32Array): Uint16Array => Uint16Array.from(values, toHalfBits);

/** bfloat16 to float32, exact: the upper half of the bits. */
export function widenBfloat16(half: Uint16Array): Float32Array {
  const out = new Uint32Array(half.length);
  for (const [i, h] of half.entries()) out[i] = h << 16;
  return new Float32Array(out.buffer);
}
