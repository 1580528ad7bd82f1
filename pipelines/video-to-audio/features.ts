import { openShard, type SequenceShard } from '../../datasets/features/sequence-shard.ts';
import type { Mapped } from '../../engine/define/pipeline.ts';
import type { StoredTree } from '../../engine/define/ports.ts';
import type { TaskContext } from '../../engine/define/task.ts';
import type { LatentClip } from '../../models/training/latents.ts';
import { pathOf } from '../stored-folder.ts';
import type { Clip, Shard } from './tasks.ts';

/** A shard `name` of a tree, opened. The caller closes it. */
export const shardIn = (tree: StoredTree, name: string): SequenceShard =>
  openShard({ arrow: pathOf(tree, `${name}.arrow`), index: pathOf(tree, `${name}.json`) });

/** Opens every shard of a mapped feature, in their order. The caller closes them. */
export const openShards = (context: TaskContext, mapped: readonly Mapped[], name: string): Promise<SequenceShard[]> =>
  Promise.all(mapped.map(async ({ artifact }) => shardIn(await context.openTree(artifact), name)));

/** All rows of a clip of a float feature, [rows, width], in an array of their own. */
export const readFloats = (shard: SequenceShard, id: string): Float32Array => Float32Array.from(shard.read(id));

/** The clips of a split, in the order of their ids. */
export const clipsOf = (shards: readonly Shard[], split: Clip['split']): Clip[] =>
  shards
    .flatMap((shard) => shard.clips)
    .filter((clip) => clip.split === split)
    .sort((a, b) => (a.id < b.id ? -1 : 1));

/** A float feature of those clips that have it, by id. */
export async function readFeature(
  context: TaskContext,
  mapped: readonly Mapped[],
  name: string,
  clips: readonly Clip[],
): Promise<Map<string, { rows: number; values: Float32Array }>> {
  const wanted = new Set(clips.map(({ id }) => id));
  const found = new Map<string, { rows: number; values: Float32Array }>();
  for (const shard of await openShards(context, mapped, name)) {
    for (const { id, rows } of shard.index.clips) if (wanted.has(id)) found.set(id, { rows, values: readFloats(shard, id) });
    shard.close();
  }
  return found;
}

/** Latents and caption states of the clips of a split; clips that were set apart have none and are left out. */
export async function readLatentClips(
  context: TaskContext,
  inputs: { readonly shards: readonly Shard[]; readonly latents: readonly Mapped[]; readonly text: readonly Mapped[] },
  split: Clip['split'],
): Promise<(LatentClip & Clip)[]> {
  const clips = clipsOf(inputs.shards, split);
  const latents = await readFeature(context, inputs.latents, 'latents', clips);
  const text = await readFeature(context, inputs.text, 'text', clips);
  return clips.flatMap((clip) => {
    const encoded = latents.get(clip.id);
    const caption = text.get(clip.id);
    if (encoded === undefined) return [];
    return [
      { ...clip, latents: encoded.values, frames: encoded.rows, text: caption?.values ?? new Float32Array(0), tokens: caption?.rows ?? 0 },
    ];
  });
}
