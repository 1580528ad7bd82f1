import { openShard, type SequenceShard } from '../../datasets/features/sequence-shard.ts';
import type { ShardPaths } from '../../datasets/features/sequences.ts';
import { checkFinite } from './features.ts';

/** Where a feature of each clip that has it lies. */
export type Places = ReadonlyMap<string, { readonly shard: SequenceShard; readonly rows: number }>;

/**
 * Looks up where a feature of the clips lies, and lets go of the files: there may be more shards than a process may open. With the name of the `feature`,
 * looks through its values, too: throws `FEATURE_INVALID` for one that is no number.
 */
export function placesOf(paths: readonly ShardPaths[], clips: readonly { readonly id: string }[], feature?: string): Places {
  const wanted = new Set(clips.map(({ id }) => id));
  const places = new Map<string, { shard: SequenceShard; rows: number }>();
  for (const path of paths) {
    const shard = openShard(path);
    for (const { id, rows } of shard.index.clips) {
      if (!wanted.has(id)) continue;
      if (feature !== undefined && shard.index.scalar !== 'u8') checkFinite(feature, id, shard.read(id));
      places.set(id, { shard, rows });
    }
    shard.close();
  }
  return places;
}
