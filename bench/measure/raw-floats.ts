import { readFileSync } from 'node:fs';

/** A file of nothing but float32, copied: a buffer of Node's may begin where no float can. */
export function readRawFloats(path: string): Float32Array {
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}
