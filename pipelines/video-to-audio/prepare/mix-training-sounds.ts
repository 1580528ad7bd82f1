import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createShard } from '../../../datasets/features/sequence-shard.ts';
import { levelled } from '../../../datasets/media/level.ts';
import { isSilent, joinCaptions, mixSounds } from '../../../datasets/media/mixture.ts';
import { writeWav } from '../../../datasets/media/wav.ts';
import type { Run } from '../../../engine/define/task.ts';
import { SostenutoError } from '../../../errors/problem.ts';
import { at } from '../../../models/network/differentiable.ts';
import { shuffled } from '../../../numeric/random.ts';
import { clipsOf, openShards, readFloats } from '../features.ts';
import { SAMPLE_RATE } from '../rates.ts';
import type { Clip, mixTrainingSounds as declaration } from '../tasks.ts';

const SHARD = 'mixtures';

/**
 * Writes the shard `audio` of the mixtures, two sounds in memory at a time. Clips that could not be decoded or have no caption are in none; a
 * pair of which one makes no sound is left out.
 */
export const mixTrainingSounds: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const { media } = inputs;
  const shards = inputs.shards.map(({ id, clips }) => ({ id, clips: clips.map(({ views: _, ...clip }) => clip) }));
  if (params.count === 0) return { shards, media };
  const opened = await openShards(context, media, 'audio');
  const shardOf = new Map(opened.flatMap((shard) => shard.index.clips.map(({ id }) => [id, shard] as const)));
  const captioned = clipsOf(shards, 'train').filter(({ id, set, caption }) => set === 'sounds' && caption.trim() !== '' && shardOf.has(id));
  const soundOf = ({ id }: Clip) => {
    const shard = shardOf.get(id);
    return shard ? readFloats(shard, id) : new Float32Array(0);
  };
  if (captioned.length < 2) throw tooFew(captioned.length);

  const directory = join(context.workDirectory, SHARD);
  await mkdir(directory);
  const audio = createShard(directory, { name: 'audio', scalar: 'f32', rowsPerSecond: SAMPLE_RATE, shape: [1] });
  const mixtures: Clip[] = [];
  for (const { index, pair } of pairsOf(captioned, params.count, params.seed)) {
    context.signal.throwIfAborted();
    const [first, second] = [soundOf(pair[0]), soundOf(pair[1])];
    if (isSilent(first) || isSilent(second)) {
      context.warn(`${pair[0].id} and ${pair[1].id} are not mixed: one of them is silent`);
      continue;
    }
    const id = `mixture-${params.seed}-${String(index).padStart(5, '0')}`;
    const mixed = levelled(mixSounds(first, second, SAMPLE_RATE));
    audio.append(id, mixed);
    const path = join(context.workDirectory, 'mixture.wav');
    await writeFile(path, writeWav(mixed, SAMPLE_RATE));
    const caption = joinCaptions(pair[0].caption, pair[1].caption);
    mixtures.push({ id, set: 'sounds', split: 'train', caption, media: await context.putFile(path), label: 'mixture' });
    context.progress({ step: index + 1, of: params.count });
  }
  audio.close();
  for (const shard of opened) shard.close();
  return {
    shards: [...shards, { id: SHARD, clips: mixtures }],
    media: [...media, { id: SHARD, artifact: await context.putTree(directory) }],
  };
};

/** Neighbours in an order drawn anew for every turn through the clips, so that all are used equally often and more pairs change none. */
function* pairsOf<Item>(items: readonly Item[], count: number, seed: number): Generator<{ index: number; pair: [Item, Item] }> {
  const perTurn = items.length >> 1;
  let order: Uint32Array = new Uint32Array();
  for (let index = 0; index < count; index++) {
    const place = 2 * (index % perTurn);
    if (place === 0) order = shuffled({ seed, purpose: 'mixtures', step: index / perTurn }, items.length);
    yield { index, pair: [at(items, order[place] ?? 0), at(items, order[place + 1] ?? 0)] };
  }
}

const tooFew = (found: number) =>
  new SostenutoError({
    code: 'NO_TRAINING_DATA',
    what: 'There are no two sounds to mix',
    where: 'data.mixtures',
    found: `${found} of the training sounds could be decoded and have a caption`,
    expected: 'at least two',
    hint: 'add sounds, or make no mixtures: --set data.mixtures=0',
  });
