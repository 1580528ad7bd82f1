import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Path of a file below `test/fixtures`. */
export const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

export const readJson = <T>(name: string): T => JSON.parse(readFileSync(fixture(name), 'utf8'));

/** Tensors of a fixture as plain numbers: name → {shape, data}. */
export function readTensors(name: string): Map<string, { shape: number[]; data: ArrayLike<number> }> {
  const bytes = readFileSync(fixture(name));
  const length = Number(bytes.readBigUInt64LE(0));
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    bytes.toString('utf8', 8, 8 + length),
  );
  const tensors = new Map<string, { shape: number[]; data: ArrayLike<number> }>();
  for (const [key, entry] of Object.entries(header)) {
    if (key === '__metadata__') continue;
    const [from, until] = entry.data_offsets;
    const buffer = Uint8Array.from(bytes.subarray(8 + length + from, 8 + length + until)).buffer;
    const kinds = { F32: Float32Array, F16: Uint16Array, U8: Uint8Array, I16: Int16Array } as const;
    const Kind = kinds[entry.dtype as keyof typeof kinds];
    tensors.set(key, { shape: entry.shape, data: new Kind(buffer) });
  }
  return tensors;
}
