import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { levelled } from '../../../datasets/media/level.ts';
import { writeWav } from '../../../datasets/media/wav.ts';
import type { Artifact } from '../../../engine/define/ports.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { type ClipRef, type Dropped, matchVersions, type PreferencePair, pairOf, type Version } from '../../../models/preference/pair.ts';
import { openShards, readFloats } from '../features.ts';
import { SAMPLE_RATE } from '../rates.ts';
import type { Clip } from '../tasks.ts';
import type { pairClips as declaration } from './tasks.ts';

/** Pairs in the order of split and piece, none of a clip that was set apart in part or as a whole. Sounds are levelled as the codec hears them, so that loudness decides nothing. */
export const pairClips: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const clips = inputs.shards
    .flatMap((shard) => shard.clips)
    .flatMap((clip): (Clip & Version)[] =>
      clip.piece === undefined || clip.pianist === undefined ? [] : [{ ...clip, condition: clip.piece, version: clip.pianist }],
    );
  const media = await openShards(context, inputs.media, 'audio');
  const shardOf = new Map(media.flatMap((shard) => shard.index.clips.map(({ id }) => [id, shard] as const)));
  const reasons = new Map(inputs.quarantined.map(({ id, reason }) => [id, reason]));
  const lacking = ({ id }: Clip): string | undefined => reasons.get(id) ?? (shardOf.has(id) ? undefined : 'it has no sound');
  const unusable = clips.flatMap((clip): Dropped[] => {
    const reason = lacking(clip);
    return reason === undefined ? [] : [{ id: clip.id, reason }];
  });
  const { matches, dropped } = matchVersions(
    clips.filter((clip) => lacking(clip) === undefined),
    params.versions,
  );
  const refer = async ({ id, midi }: Clip): Promise<ClipRef> => {
    const shard = shardOf.get(id);
    const sound = await putSound(context, shard === undefined ? new Float32Array(0) : readFloats(shard, id));
    return { id, sound, ...(midi && { roll: midi }) };
  };
  const pairs: PreferencePair[] = [];
  for (const { a, b, original } of matches) {
    context.signal.throwIfAborted();
    const match = { a: await refer(a), b: await refer(b), ...(original && { original: await refer(original) }) };
    pairs.push(pairOf(a.condition, a.split, match));
    context.progress({ step: pairs.length, of: matches.length });
  }
  for (const shard of media) shard.close();
  return { pairs, dropped: [...unusable, ...dropped] };
};

async function putSound(context: TaskContext, samples: Float32Array): Promise<Artifact> {
  const path = join(context.workDirectory, 'sound.wav');
  await writeFile(path, writeWav(levelled(samples), SAMPLE_RATE));
  return context.putFile(path);
}
