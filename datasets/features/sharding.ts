import { hash32 } from '../../numeric/random.ts';

/** The bucket of a clip: by its id alone, so that clips that come or go touch only their own bucket. */
export const bucketOf = (id: string, buckets: number) => hash32(id) % buckets;

/** Sorts clips into named buckets, each in the order of the ids; empty buckets are left out. */
export function intoShards<Clip extends { readonly id: string }>(clips: readonly Clip[], buckets: number): { id: string; clips: Clip[] }[] {
  const byBucket = new Map<number, Clip[]>();
  for (const clip of clips) {
    const bucket = bucketOf(clip.id, buckets);
    byBucket.set(bucket, [...(byBucket.get(bucket) ?? []), clip]);
  }
  return [...byBucket]
    .sort(([a], [b]) => a - b)
    .map(([bucket, members]) => ({
      id: `shard-${String(bucket).padStart(String(buckets - 1).length, '0')}`,
      clips: members.sort((a, b) => (a.id < b.id ? -1 : 1)),
    }));
}
