import { hash32 } from '../../numeric/random.ts';

/** Clips that are worked on together. */
export interface ClipShard<Clip> {
  readonly id: string;
  /** Sorted by id. */
  readonly clips: readonly Clip[];
}

/** Bucket of a clip: by its id alone, so that it stays where it is whatever else comes or goes. */
export const bucketOf = (id: string, buckets: number): number => {
  // FNV's low bits follow the last letters; a multiplicative mix makes the buckets even.
  const hash = Math.imul(hash32(id) ^ (hash32(id) >>> 15), 0x2c1b3c6d) >>> 0;
  return Math.floor((hash / 4294967296) * buckets);
};

/**
 * Sorts clips into at most `buckets` shards; empty ones are left out. Adding, removing or changing a clip changes only
 * the shard it lies in, and the order in which clips are given doesn't matter.
 */
export function shardsOf<Clip extends { readonly id: string }>(clips: readonly Clip[], buckets: number): ClipShard<Clip>[] {
  if (!Number.isInteger(buckets) || buckets < 1) throw new RangeError(`${buckets} buckets`);
  const filled = new Map<number, Clip[]>();
  const sorted = [...clips].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  for (const clip of sorted) {
    const bucket = bucketOf(clip.id, buckets);
    filled.set(bucket, [...(filled.get(bucket) ?? []), clip]);
  }
  const digits = Math.max(3, String(buckets - 1).length);
  return [...filled]
    .sort(([a], [b]) => a - b)
    .map(([bucket, members]) => ({ id: `shard-${String(bucket).padStart(digits, '0')}`, clips: members }));
}
