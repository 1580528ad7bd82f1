import { openShard, type SequenceShard } from '../../datasets/features/sequence-shard.ts';
import { KEYS } from '../../datasets/midi/performance.ts';
import type { Mapped } from '../../engine/define/pipeline.ts';
import type { StoredTree } from '../../engine/define/ports.ts';
import type { TaskContext } from '../../engine/define/task.ts';
import { SostenutoError } from '../../errors/problem.ts';
import type { LatentClip } from '../../models/training/latents.ts';
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

/** Opens every shard of a mapped feature, in their order. The caller closes them. Throws `FEATURE_INVALID` for one at another rate. */
export async function openShards(
  context: TaskContext,
  mapped: readonly Mapped[],
  name: string,
  rate = RATES[name],
): Promise<SequenceShard[]> {
  const shards = await Promise.all(mapped.map(async ({ artifact }) => shardIn(await context.openTree(artifact), name)));
  const wrong = shards.findIndex(({ index }) => rate !== undefined && index.rowsPerSecond !== rate);
  if (wrong < 0) return shards;
  const found = shards[wrong]?.index.rowsPerSecond;
  for (const shard of shards) shard.close();
  throw new SostenutoError({
    code: 'FEATURE_INVALID',
    what: `The feature "${name}" of ${mapped[wrong]?.id} does not run at the rate that everything else is set against`,
    where: mapped[wrong]?.id ?? name,
    found: `${found} rows a second`,
    expected: `${rate} rows a second`,
    hint: 'make the feature again at this rate',
  });
}

/** All rows of a clip, [rows, width], as floats in an array of their own. */
export const readFloats = (shard: SequenceShard, id: string): Float32Array => Float32Array.from(shard.read(id));

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

/** Piano clips as cameras see them. */
export interface FilmedClips {
  readonly shards: readonly Shard[];
  readonly latents: readonly Mapped[];
  readonly rolls: readonly Mapped[];
  readonly pictures: readonly Mapped[];
}
/** Pictures [count, height, width] of each view of the piano clips of a split, and their notes at the rate of the latents. */
export async function readFilmedClips(context: TaskContext, inputs: FilmedClips, split: Clip['split'], views: readonly string[]) {
  const clips = clipsOf(inputs.shards, split);
  const rolls = await readFeature(context, inputs.rolls, 'roll', clips);
  const found = new Map<string, { count: number; pictures: Record<string, Uint8Array> }>();
  for (const view of views) {
    for (const shard of await openShards(context, inputs.pictures, view, PICTURE_RATE)) {
      for (const { id, rows } of shard.index.clips) {
        if (!rolls.has(id)) continue;
        const clip = found.get(id) ?? { count: rows, pictures: {} };
        clip.pictures[view] = Uint8Array.from(shard.read(id));
        found.set(id, { ...clip, count: Math.min(clip.count, rows) });
      }
      shard.close();
    }
  }
  return clips.flatMap(({ id }) => {
    const [seen, roll] = [found.get(id), rolls.get(id)];
    return seen && roll ? [{ id, ...seen, notes: notesOf(roll, seen.count * (LATENT_RATE / PICTURE_RATE)) }] : [];
  });
}

/** Rows [velocities of 88 keys, pedal] on exactly `frames` rows: a MIDI file may end before its sound, or behind. */
export function notesOf({ rows, values }: { rows: number; values: Float32Array }, frames: number): NonNullable<LatentClip['notes']> {
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
