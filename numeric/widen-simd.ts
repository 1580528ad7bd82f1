/**
 * Half to single precision with the vector instructions that WebAssembly has and JavaScript has not; the module is written down here, instruction by
 * instruction (WebAssembly core specification 2.0, section 5.4).
 */

/** Halves that are widened at a time: what they take stays in a processor's cache. */
const CHUNK = 32_768;
/** In the memory of the module the halves come first and the floats behind them. */
const FLOATS_AT = 2 * CHUNK;
const PAGES = (6 * CHUNK) / 65_536;
/** Halves that one turn of the loop widens. */
const TURN = 8;

type Code = readonly number[];
/** LEB128, unsigned and signed. */
const u = (value: number): Code => (value < 128 ? [value] : [(value & 127) | 128, ...u(value >>> 7)]);
const s = (value: number): Code => (value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...s(value >> 7)]);
const listed = (parts: readonly Code[]): Code => [...u(parts.length), ...parts.flat()];
const section = (id: number, parts: readonly Code[]): Code => [id, ...u(listed(parts).length), ...listed(parts)];

const vector = (operation: number, ...immediate: Code): Code => [0xfd, ...u(operation), ...immediate];
const get = (local: number): Code => [0x20, local];
const set = (local: number): Code => [0x21, local];
const tee = (local: number): Code => [0x22, local];
const i32 = (value: number): Code => [0x41, ...s(value)];
const splat = (bits: number): Code => vector(12, ...[0, 1, 2, 3].flatMap(() => [0, 8, 16, 24].map((shift) => (bits >>> shift) & 255)));
const [add, lessUnsigned, branchIf, end] = [[0x6a], [0x49], [0x0d, 0], [0x0b]] as const;
const loop: Code = [0x03, 0x40];
const [and, or, shiftLeft, multiply, notBelow] = [vector(78), vector(80), vector(171), vector(0xe6), vector(0x3f)];
const load4Halves = (offset: number): Code => vector(3, 1, ...u(offset));
const store4Floats = (offset: number): Code => vector(11, 2, ...u(offset));

const [FROM, TO, END, HALVES, SHIFTED] = [0, 1, 2, 3, 4];

/**
 * Four values. Exponent and mantissa are shifted to their places in a float, which is then 2^112 times too small, also where the half is not normal; an
 * exponent of only ones (infinity, or no number) stays one of only ones; the sign goes in front.
 */
const widenFour = (first: number): Code =>
  [
    get(TO),
    [...get(FROM), ...load4Halves(2 * first), ...tee(HALVES)],
    [...splat(0x7fff), ...and, ...i32(13), ...shiftLeft, ...tee(SHIFTED)],
    [...splat(0x77800000), ...multiply],
    [...get(SHIFTED), ...splat(0x0f800000), ...notBelow, ...splat(0x7f800000), ...and, ...or],
    [...get(HALVES), ...splat(0x8000), ...and, ...i32(16), ...shiftLeft, ...or],
    store4Floats(4 * first),
  ].flat();

/** (from, to, end): bytes in the memory; at least one turn. */
const body: Code = [
  [1, 2, 0x7b], // two locals of type v128
  loop,
  widenFour(0),
  widenFour(4),
  [...get(TO), ...i32(4 * TURN), ...add, ...set(TO)],
  [...get(FROM), ...i32(2 * TURN), ...add, ...tee(FROM), ...get(END), ...lessUnsigned, ...branchIf],
  end,
  end,
].flat();

const module = Uint8Array.from(
  [
    [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, [[0x60, ...listed([[0x7f], [0x7f], [0x7f]]), 0]]),
    section(3, [[0]]),
    section(5, [[0, PAGES]]),
    section(7, [
      [1, 0x6d, 2, 0],
      [1, 0x77, 0, 0],
    ]),
    section(10, [[...u(body.length), ...body]]),
  ].flat(),
);

/** Widens into `out`, of the same length. Undefined on a processor that lacks the instructions. */
export function widenBySimd(): ((halves: Uint16Array, out: Float32Array) => void) | undefined {
  if (!WebAssembly.validate(module)) return undefined;
  const { m: memory, w: widen } = new WebAssembly.Instance(new WebAssembly.Module(module)).exports as {
    m: WebAssembly.Memory;
    w(from: number, to: number, end: number): void;
  };
  const [halvesIn, floatsOut] = [new Uint16Array(memory.buffer, 0, CHUNK), new Float32Array(memory.buffer, FLOATS_AT, CHUNK)];
  return (halves, out) => {
    for (let at = 0; at < halves.length; at += CHUNK) {
      const part = halves.subarray(at, at + CHUNK);
      halvesIn.set(part);
      widen(0, FLOATS_AT, 2 * TURN * Math.ceil(part.length / TURN));
      out.set(floatsOut.subarray(0, part.length), at);
    }
  };
}
