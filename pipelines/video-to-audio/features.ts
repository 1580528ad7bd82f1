import { openShard, readIndex, type SequenceShard } from '../../datasets/features/sequence-shard.ts';
import type { ShardPaths } from '../../datasets/features/sequences.ts';
import { KEYS } from '../../datasets/midi/performance.ts';
import type { Mapped } from '../../engine/define/pipeline.ts';
import type { StoredTree } from '../../engine/define/ports.ts';
import type { TaskContext } from '../../engine/define/task.ts';
import { SostenutoError } from '../../errors/problem.ts';
import type { LatentClip } from '../../models/training/latents.ts';
import { joinFloats } from '../../numeric/join-floats.ts';
import { pathOf } from '../stored-folder.ts';
import { LATENT_RATE, PICTURE_RATE, SAMPLE_RATE } from './rates.ts';
import type { Clip, Shard } from './tasks.ts';

/** A shard `name` of a tree, opened. The caller closes it. */
export const shardIn = (tree: StoredTree, name: string): SequenceShard =>
  openShard({ arrow: pathOf(tree, `${name}.arrow`), index: pathOf(tree, `${name}.json`) });

/** Rows a second of the features that are set against each other. */
const RATES: Readonly<Record<string, number>> = {
  audio: SAMPLE_RATE,
  latents: LATENT_RATE,
  roll: LATENT_RATE,
  sounding: LATENT_RATE,
  video: PICTURE_RATE,
};

/**
 * Where every shard of a mapped feature lies, in their order: plain data, from which a thread can open them, too. Throws `FEATURE_INVALID` for one at
 * another rate.
 */
export async function shardPaths(context: TaskContext, mapped: readonly Mapped[], name: string, rate = RATES[name]): Promise<ShardPaths[]> {
  return Promise.all(
    mapped.map(async ({ id, artifact }) => {
      const tree = await context.openTree(artifact);
      const paths = { arrow: pathOf(tree, `${name}.arrow`), index: pathOf(tree, `${name}.json`) };
      const found = readIndex(paths.index).rowsPerSecond;
      if (rate === undefined || found === rate) return paths;
      throw new SostenutoError({
        code: 'FEATURE_INVALID',
        what: `The feature "${name}" of ${id} does not run at the rate that everything else is set against`,
        where: id,
        found: `${found} rows a second`,
        expected: `${rate} rows a second`,
        hint: 'make the feature again at this rate',
      });
    }),
  );
}

/** Opens every shard of a mapped feature, in their order. The caller closes them. Throws as `shardPaths`. */
export const openShards = async (context: TaskContext, mapped: readonly Mapped[], name: string, rate?: number): Promise<SequenceShard[]> =>
  (await shardPaths(context, mapped, name, rate)).map(openShard);

/** All rows of a clip, [rows, width], as floats in an array of their own. */
export const readFloats = (shard: SequenceShard, id: string): Float32Array => new Float32Array(shard.read(id));

/** All rows of those clips that a shard has, [n, width]. */
export const rowsOfClips = (shard: SequenceShard, ids: readonly string[]): Float32Array =>
  joinFloats(ids.flatMap((id) => (shard.has(id) ? [readFloats(shard, id)] : [])));

/** The clips of a split, in the order of their ids. */
export const clipsOf = (shards: readonly Shard[], split: Clip['split']): Clip[] =>
  shards
    .flatMap((shard) => shard.clips)
    .filter((clip) => clip.split === split)
    .sort((a, b) => (a.id < b.id ? -1 : 1));

/** A feature of those clips that have it, by id. Throws `FEATURE_INVALID` where it holds something that is no number. */
export async function readFeature(
  context: TaskContext,
  mapped: readonly Mapped[],
  name: string,
  clips: readonly Clip[],
): Promise<Map<string, { rows: number; values: Float32Array }>> {
  const wanted = new Set(clips.map(({ id }) => id));
  const found = new Map<string, { rows: number; values: Float32Array }>();
  for (const shard of await openShards(context, mapped, name)) {
    for (const { id, rows } of shard.index.clips) {
      if (!wanted.has(id)) continue;
      const values = readFloats(shard, id);
      checkFinite(name, id, values);
      found.set(id, { rows, values });
    }
    shard.close();
  }
  return found;
}

/** Rows [velocities of 88 keys, pedal] on exactly `frames` rows: a MIDI file may end before its sound, or behind. */
export function notesOf(
  { rows, values }: { rows: number; values: Float32Array | Uint8Array },
  frames: number,
): NonNullable<LatentClip['notes']> {
  const velocities = new Uint8Array(frames * KEYS);
  const pedal = new Uint8Array(frames);
  for (let frame = 0; frame < Math.min(rows, frames); frame++) {
    velocities.set(values.subarray(frame * (KEYS + 1), frame * (KEYS + 1) + KEYS), frame * KEYS);
    pedal[frame] = values[frame * (KEYS + 1) + KEYS] ?? 0;
  }
  return { velocities, pedal };
}

/** Throws `FEATURE_INVALID` where a value is no number. */
export function checkFinite(feature: string, clip: string, values: Float32Array | Uint8Array): void {
  const position = values.findIndex((value) => !Number.isFinite(value));
  if (position < 0) return;
  throw new SostenutoError({
    code: 'FEATURE_INVALID',
    what: `The feature "${feature}" of the clip ${clip} holds values that are no numbers`,
    where: clip,
    found: `${values[position]} at position ${position} of ${values.length}`,
    expected: 'finite numbers',
    hint: 'look at the clip, mend or remove it, and run again: only its shard is extracted anew',
  });
}
