/** Piano clips as cameras see them, read from their shards where they are needed. */
import { keptOpen } from '../../datasets/features/kept-open.ts';
import type { ShardPaths } from '../../datasets/features/sequences.ts';
import { KEYS } from '../../datasets/midi/performance.ts';
import type { Mapped } from '../../engine/define/pipeline.ts';
import type { TaskContext } from '../../engine/define/task.ts';
import type { FilmedClip } from '../../models/training/roll/dataset.ts';
import { clipsOf, notesOf, shardPaths } from './features.ts';
import { placesOf } from './places.ts';
import { LATENT_RATE, PICTURE_RATE } from './rates.ts';
import type { Clip, Shard } from './tasks.ts';

const ROWS_A_PICTURE = LATENT_RATE / PICTURE_RATE;
const OPEN_SHARDS = 64;

export interface FilmedClips {
  readonly shards: readonly Shard[];
  readonly latents: readonly Mapped[];
  readonly rolls: readonly Mapped[];
  readonly pictures: readonly Mapped[];
}
/** The clips of a split, and where what is seen and played of them lies: plain data, from which a thread can open them, too. */
export interface FilmedFiles {
  readonly clips: readonly Pick<Clip, 'id'>[];
  readonly rolls: readonly ShardPaths[];
  readonly views: Readonly<Record<string, readonly ShardPaths[]>>;
}

/** Throws `FEATURE_INVALID` for a shard at another rate. */
export async function filmedFiles(
  context: TaskContext,
  inputs: FilmedClips,
  split: Clip['split'],
  views: readonly string[],
): Promise<FilmedFiles> {
  const paths = await Promise.all(
    views.map(async (view) => [view, await shardPaths(context, inputs.pictures, view, PICTURE_RATE)] as const),
  );
  return {
    clips: clipsOf(inputs.shards, split).map(({ id }) => ({ id })),
    rolls: await shardPaths(context, inputs.rolls, 'roll'),
    views: Object.fromEntries(paths),
  };
}

/** Those of the clips that have notes and every view; each is as long as its shortest view. */
export function openFilmedClips({ clips, rolls, views }: FilmedFiles): FilmedClip[] {
  const open = keptOpen(OPEN_SHARDS);
  const played = placesOf(rolls, clips);
  const seen = new Map(Object.entries(views).map(([view, paths]) => [view, placesOf(paths, clips)]));
  return clips.flatMap(({ id }): FilmedClip[] => {
    const roll = played.get(id);
    const lengths = [...seen.values()].flatMap((places) => places.get(id)?.rows ?? []);
    if (!roll || lengths.length < seen.size) return [];
    return [
      {
        id,
        frames: Math.min(...lengths),
        pictures(view, from, count) {
          const place = seen.get(view)?.get(id);
          if (!place) throw new RangeError(`clip ${id} has no view ${view}`);
          return new Uint8Array(open(place.shard).read(id, from, count));
        },
        notes(from, count) {
          const first = Math.min(roll.rows, from * ROWS_A_PICTURE);
          const rows = Math.min(roll.rows, (from + count) * ROWS_A_PICTURE) - first;
          return everyPicture(notesOf({ rows, values: open(roll.shard).read(id, first, rows) }, count * ROWS_A_PICTURE), count);
        },
      },
    ];
  });
}

/** Notes at the rate of the latents, at the times of the pictures. */
function everyPicture(notes: ReturnType<FilmedClip['notes']>, count: number): ReturnType<FilmedClip['notes']> {
  const [velocities, pedal] = [new Uint8Array(count * KEYS), new Uint8Array(count)];
  for (let picture = 0; picture < count; picture++) {
    const row = picture * ROWS_A_PICTURE;
    velocities.set(notes.velocities.subarray(row * KEYS, (row + 1) * KEYS), picture * KEYS);
    pedal[picture] = notes.pedal[row] ?? 0;
  }
  return { velocities, pedal };
}
