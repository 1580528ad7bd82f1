import { keptOpen } from '../../datasets/features/kept-open.ts';
import { recentlyRead } from '../../datasets/features/recently-read.ts';
import type { ShardPaths } from '../../datasets/features/sequences.ts';
import type { Mapped } from '../../engine/define/pipeline.ts';
import type { TaskContext } from '../../engine/define/task.ts';
import type { LatentClip, StoredClip } from '../../models/training/latents.ts';
import { clipsOf, notesOf, readFloats, shardPaths } from './features.ts';
import type { FilmedClips } from './filmed-clips.ts';
import { type Places, placesOf } from './places.ts';
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

const FEATURES = ['latents', 'text', 'video', 'roll'] as const;
/** The clips of a split, and where their features lie: plain data, from which a thread can open them, too. */
export interface StageFiles extends Readonly<Record<(typeof FEATURES)[number], readonly ShardPaths[]>> {
  readonly clips: readonly Clip[];
  readonly views: Readonly<Record<string, readonly ShardPaths[]>>;
}

/** Throws `FEATURE_INVALID` for a shard at another rate. */
export async function stageFiles(
  context: TaskContext,
  { shards, latents, text, video, rolls, pictures = [] }: StageFeatures,
  split: Clip['split'],
  views: readonly string[] = [],
): Promise<StageFiles> {
  const seen = views.map(async (view) => [view, await shardPaths(context, pictures, view, PICTURE_RATE)] as const);
  return {
    clips: clipsOf(shards, split),
    latents: await shardPaths(context, latents, 'latents'),
    text: await shardPaths(context, text, 'text'),
    video: await shardPaths(context, video, 'video'),
    roll: await shardPaths(context, rolls, 'roll'),
    views: Object.fromEntries(await Promise.all(seen)),
  };
}

/** Features of the clips that were read last stay in memory. */
const KEPT_BYTES = 256 * 2 ** 20;
const OPEN_SHARDS = 64;

/**
 * Clips whose features are read from their shards when a batch needs them, at most about `keptBytes` of them in memory; those whose sound, notes or (where
 * views are asked for) pictures were set apart are left out. `checked`: looks through all of it once, throws `FEATURE_INVALID` for a value that is no number.
 */
export function openStageClips(files: StageFiles, { checked = false, keptBytes = KEPT_BYTES } = {}): StageClip[] {
  const { clips } = files;
  const [latents, text, video, roll] = FEATURES.map((name) => placesOf(files[name], clips, checked ? name : undefined)) as [
    Places,
    Places,
    Places,
    Places,
  ];
  const views = Object.entries(files.views).map(([view, paths]) => [view, placesOf(paths, clips)] as const);
  const open = keptOpen(OPEN_SHARDS);
  const floatsOf = (places: Places, id: string) => {
    const place = places.get(id);
    return place ? readFloats(open(place.shard), id) : new Float32Array(0);
  };
  const bytesIn = (places: Places, id: string) => {
    const place = places.get(id);
    return new Uint8Array(place ? open(place.shard).read(id) : []);
  };
  const isFilmed = (id: string) => roll.has(id) && views.length > 0 && views.every(([, places]) => places.has(id));
  const recent = recentlyRead(keptBytes, bytesOf);
  const read = ({ id, set }: Clip, frames: number): LatentClip => {
    const [seen, played] = [video.get(id), roll.get(id)];
    return {
      id,
      set,
      frames,
      latents: floatsOf(latents, id),
      text: floatsOf(text, id),
      tokens: text.get(id)?.rows ?? 0,
      ...(seen && { video: { features: floatsOf(video, id), count: seen.rows, seconds: seen.rows / PICTURE_RATE } }),
      ...(played && { notes: notesOf({ rows: played.rows, values: floatsOf(roll, id) }, frames) }),
      ...(isFilmed(id) && { pictures: Object.fromEntries(views.map(([view, places]) => [view, bytesIn(places, id)])) }),
    };
  };
  return clips.flatMap((clip) => {
    const [frames, tokens] = [latents.get(clip.id)?.rows, text.get(clip.id)?.rows ?? 0];
    if (frames === undefined || (clip.midi && (!roll.has(clip.id) || (views.length > 0 && !isFilmed(clip.id))))) return [];
    return [{ ...clip, frames, tokens, hasNotes: roll.has(clip.id), read: () => recent(clip.id, () => read(clip, frames)) }];
  });
}

const bytesOf = ({ latents, text, video, notes, pictures = {} }: LatentClip): number =>
  [latents, text, video?.features, notes?.velocities, notes?.pedal, ...Object.values(pictures)].reduce(
    (sum, values) => sum + (values?.byteLength ?? 0),
    0,
  );
