import { recentlyRead } from '../../datasets/features/recently-read.ts';
import type { SequenceShard } from '../../datasets/features/sequence-shard.ts';
import type { Mapped } from '../../engine/define/pipeline.ts';
import type { TaskContext } from '../../engine/define/task.ts';
import type { LatentClip, StoredClip } from '../../models/training/latents.ts';
import { checkFinite, clipsOf, type FilmedClips, notesOf, openShards, readFloats } from './features.ts';
import { PICTURE_RATE } from './rates.ts';
import type { Clip } from './tasks.ts';

/** Everything a stage reads of its clips; `pictures` of stages that see the keys. */
export type StageFeatures = Omit<FilmedClips, 'pictures'> &
  Partial<Pick<FilmedClips, 'pictures'>> & { readonly text: readonly Mapped[]; readonly video: readonly Mapped[] };

/** A clip with what is known of it before it is read. */
export interface StageClip extends Clip, StoredClip {
  readonly id: string;
  readonly set: Clip['set'];
  readonly hasNotes: boolean;
}

/** Features of the clips that were read last stay in memory. */
const KEPT_BYTES = 256 * 2 ** 20;

/**
 * Clips of a split, whose features are read from their shards when a batch needs them; those whose sound, notes or (where views are asked for)
 * pictures were set apart are left out. Looks through all of it once: throws `FEATURE_INVALID` for a value that is no number.
 */
export async function openStageClips(
  context: TaskContext,
  inputs: StageFeatures,
  split: Clip['split'],
  views: readonly string[] = [],
): Promise<StageClip[]> {
  const clips = clipsOf(inputs.shards, split);
  const open = async (mapped: readonly Mapped[], name: string, rate?: number) =>
    placesOf(await openShards(context, mapped, name, rate), name, clips);
  const { pictures = [] } = inputs;
  return storedClips(clips, {
    latents: await open(inputs.latents, 'latents'),
    text: await open(inputs.text, 'text'),
    video: await open(inputs.video, 'video'),
    roll: await open(inputs.rolls, 'roll'),
    views: new Map(await Promise.all(views.map(async (view) => [view, await open(pictures, view, PICTURE_RATE)] as const))),
  });
}

interface Place {
  readonly shard: SequenceShard;
  readonly rows: number;
}
/** Where a feature of each clip that has it lies. */
export type Places = ReadonlyMap<string, Place>;

/** Looks at the feature of each of the clips, and lets go of the files: there may be more shards than a process may open. */
export function placesOf(shards: readonly SequenceShard[], feature: string, clips: readonly Pick<Clip, 'id'>[]): Places {
  const wanted = new Set(clips.map(({ id }) => id));
  const places = new Map<string, Place>();
  for (const shard of shards) {
    for (const { id, rows } of shard.index.clips) {
      if (!wanted.has(id)) continue;
      if (shard.index.scalar !== 'u8') checkFinite(feature, id, shard.read(id));
      places.set(id, { shard, rows });
    }
    shard.close();
  }
  return places;
}

/** Clips over the places of their features, at most `keptBytes` of them in memory. */
export function storedClips(
  clips: readonly Clip[],
  features: Readonly<Record<'latents' | 'text' | 'video' | 'roll', Places>> & { readonly views: ReadonlyMap<string, Places> },
  keptBytes = KEPT_BYTES,
): StageClip[] {
  const recent = recentlyRead(keptBytes, bytesOf);
  const { latents, text, video, roll, views } = features;
  const read = ({ id, set }: Clip, frames: number): LatentClip => {
    const [states, seen, played] = [text.get(id), video.get(id), roll.get(id)];
    return {
      id,
      set,
      frames,
      latents: floatsOf(latents.get(id), id),
      text: floatsOf(states, id),
      tokens: states?.rows ?? 0,
      ...(seen && { video: { features: floatsOf(seen, id), count: seen.rows, seconds: seen.rows / PICTURE_RATE } }),
      ...(played && { notes: notesOf({ rows: played.rows, values: floatsOf(played, id) }, frames) }),
      ...(isFilmed(id) && { pictures: Object.fromEntries([...views].map(([view, places]) => [view, bytesIn(places.get(id), id)])) }),
    };
  };
  const isFilmed = (id: string) => roll.has(id) && views.size > 0 && [...views.values()].every((places) => places.has(id));
  return clips.flatMap((clip) => {
    const [frames, tokens] = [latents.get(clip.id)?.rows, text.get(clip.id)?.rows ?? 0];
    if (frames === undefined || (clip.midi && (!roll.has(clip.id) || (views.size > 0 && !isFilmed(clip.id))))) return [];
    return [{ ...clip, frames, tokens, hasNotes: roll.has(clip.id), read: () => recent(clip.id, () => read(clip, frames)) }];
  });
}

function floatsOf(place: Place | undefined, id: string): Float32Array {
  if (!place) return new Float32Array(0);
  const values = readFloats(place.shard, id);
  place.shard.close();
  return values;
}

function bytesIn(place: Place | undefined, id: string): Uint8Array {
  const values = Uint8Array.from(place?.shard.read(id) ?? []);
  place?.shard.close();
  return values;
}

const bytesOf = ({ latents, text, video, notes, pictures = {} }: LatentClip): number =>
  [latents, text, video?.features, notes?.velocities, notes?.pedal, ...Object.values(pictures)].reduce(
    (sum, values) => sum + (values?.byteLength ?? 0),
    0,
  );
