/** The few protocol buffer encodings that a GraphDef needs (https://protobuf.dev/programming-guides/encoding). */
export type Bytes = Uint8Array;

const text = new TextEncoder();
export const concat = (parts: readonly Bytes[]): Bytes => Buffer.concat(parts);

export function varint(value: number | bigint): Bytes {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  out.push(Number(rest));
  return Uint8Array.from(out);
}
const tag = (field: number, wire: number): Bytes => varint(field * 8 + wire);

/** Field of a whole number or boolean. */
export const whole = (field: number, value: number | bigint | boolean): Bytes =>
  concat([tag(field, 0), varint(typeof value === 'boolean' ? Number(value) : value)]);
/** Field of a text, of bytes or of a nested message. */
export function block(field: number, value: string | Bytes): Bytes {
  const bytes = typeof value === 'string' ? text.encode(value) : value;
  return concat([tag(field, 2), varint(bytes.length), bytes]);
}
export function float(field: number, value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concat([tag(field, 5), bytes]);
}
