import type { SequenceShard } from './sequence-shard.ts';

/** Passes shards on that are about to be read, and lets go of the file of the one that was read longest ago when more than `most` are open. */
export function keptOpen(most: number): (shard: SequenceShard) => SequenceShard {
  const open = new Set<SequenceShard>();
  return (shard) => {
    open.delete(shard);
    open.add(shard);
    const [oldest] = open;
    if (open.size > most && oldest) {
      oldest.close();
      open.delete(oldest);
    }
    return shard;
  };
}
