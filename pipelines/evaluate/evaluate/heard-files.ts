import { readFile } from 'node:fs/promises';
import type { SequenceShard } from '../../../datasets/features/sequence-shard.ts';
import type { StoredTree } from '../../../engine/define/ports.ts';
import { pathOf } from '../../stored-folder.ts';
import { soundIn } from '../../video-to-audio/evaluate/references.ts';
import { shardIn } from '../../video-to-audio/features.ts';
import type { Heard } from '../tasks.ts';

/** What was heard of a system, to be closed. */
export interface HeardFiles {
  readonly heard: Heard;
  sound(id: string): Promise<Float32Array>;
  /** A shard by name; undefined where nothing was put into it. */
  shard(name: string): SequenceShard | undefined;
  close(): void;
}

/** Opens a tree of `hearSystem`. */
export async function openHeard(tree: StoredTree): Promise<HeardFiles> {
  const shards = openShards(tree);
  return {
    heard: JSON.parse(await readFile(pathOf(tree, 'heard.json'), 'utf8')),
    sound: (id) => soundIn(tree, `sounds/${id}.wav`),
    ...shards,
  };
}

/** Shards of a tree, each opened when it is first asked for. */
export function openShards(tree: StoredTree): { shard(name: string): SequenceShard | undefined; close(): void } {
  const open = new Map<string, SequenceShard>();
  return {
    shard(name) {
      const known = open.get(name);
      if (known || !tree.files.has(`${name}.arrow`)) return known;
      const opened = shardIn(tree, name);
      open.set(name, opened);
      return opened;
    },
    close() {
      for (const shard of open.values()) shard.close();
    },
  };
}
