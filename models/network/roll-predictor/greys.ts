const GREYS = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** Bytes of pictures as the networks read them, 0 … 1, into `out`, of the same length. */
export function toGreys(bytes: Uint8Array, out: Float32Array): Float32Array {
  for (let i = 0; i < bytes.length; i++) out[i] = GREYS[bytes[i] ?? 0] ?? 0;
  return out;
}
