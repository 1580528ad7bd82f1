import { readFileSync } from 'node:fs';

export interface Stored {
  readonly shape: number[];
  readonly data: Float64Array;
}
/** Tensors of one safetensors file as numbers, with a record of what was asked for. */
export interface StoredTensors {
  readonly config: Record<string, number>;
  readonly names: readonly string[];
  has(name: string): boolean;
  array(name: string): Stored;
  /** Names that nobody has asked for: values that no test looks at. */
  unread(): string[];
}

const KINDS = {
  F64: Float64Array,
  F32: Float32Array,
  I32: Int32Array,
  I16: Int16Array,
  U8: Uint8Array,
  /** Half precision stays as its bits. */
  F16: Uint16Array,
} as const;

/** Reads without the project's own reader, which is under test as well. */
export function openTensors(path: string): StoredTensors {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...entries } = JSON.parse(bytes.toString('utf8', 8, start));
  const asked = new Set<string>();
  return {
    config: JSON.parse(metadata?.config ?? '{}'),
    names: Object.keys(entries),
    has: (name) => name in entries,
    unread: () => Object.keys(entries).filter((name) => !asked.has(name)),
    array: (name) => {
      const entry = entries[name];
      if (!entry) throw new Error(`${path} holds no ${name}`);
      asked.add(name);
      const [from, to] = entry.data_offsets;
      const { buffer } = Uint8Array.from(bytes.subarray(start + from, start + to));
      if (entry.dtype === 'I64') return { shape: entry.shape, data: Float64Array.from(new BigInt64Array(buffer), Number) };
      const Kind = KINDS[entry.dtype as keyof typeof KINDS];
      if (!Kind) throw new Error(`${path}: ${name} is ${entry.dtype}`);
      return { shape: entry.shape, data: Float64Array.from(new Kind(buffer)) };
    },
  };
}
