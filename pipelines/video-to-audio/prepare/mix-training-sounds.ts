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
import { clipsOf, readFeature } from '../features.ts';
import { SAMPLE_RATE } from '../rates.ts';
import type { Clip, mixTrainingSounds as declaration } from '../tasks.ts';

const SHARD = 'mixtures';

/** Writes the shard `audio` of the mixtures. Clips that could not be decoded, have no caption or make no sound are in none. */
export const mixTrainingSounds: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const { media } = inputs;
  const shards = inputs.shards.map(({ id, clips }) => ({ id, clips: clips.map(({ views: _, ...clip }) => clip) }));
  if (params.count === 0) return { shards, media };
  const captioned = clipsOf(shards, 'train').filter(({ set, caption }) => set === 'sounds' && caption.trim() !== '');
  const sounds = await readFeature(context, media, 'audio', captioned);
  const soundOf = ({ id }: Clip) => sounds.get(id)?.values ?? new Float32Array(0);
  const audible = captioned.filter((clip) => !isSilent(soundOf(clip)));
  if (audible.length < 2) throw tooFew(audible.length);

  const directory = join(context.workDirectory, SHARD);
  await mkdir(directory);
  const audio = createShard(directory, { name: 'audio', scalar: 'f32', rowsPerSecond: SAMPLE_RATE, shape: [1] });
  const mixtures: Clip[] = [];
  for (const [index, [first, second]] of pairsOf(audible, params.count, params.seed).entries()) {
    context.signal.throwIfAborted();
    const id = `mixture-${params.seed}-${String(index).padStart(5, '0')}`;
    const mixed = levelled(mixSounds(soundOf(first), soundOf(second), SAMPLE_RATE));
    audio.append(id, mixed);
    const path = join(context.workDirectory, 'mixture.wav');
    await writeFile(path, writeWav(mixed, SAMPLE_RATE));
    const caption = joinCaptions(first.caption, second.caption);
    mixtures.push({ id, set: 'sounds', split: 'train', caption, media: await context.putFile(path), label: 'mixture' });
    context.progress({ step: index + 1, of: params.count });
  }
  audio.close();
  return {
    shards: [...shards, { id: SHARD, clips: mixtures }],
    media: [...media, { id: SHARD, artifact: await context.putTree(directory) }],
  };
};

/** Neighbours in an order drawn anew for every turn through the clips, so that all are used equally often and more pairs change none. */
function pairsOf<Item>(items: readonly Item[], count: number, seed: number): [Item, Item][] {
  const perTurn = items.length >> 1;
  return Array.from({ length: count }, (_, index) => {
    const order = shuffled({ seed, purpose: 'mixtures', step: Math.floor(index / perTurn) }, items.length);
    const place = 2 * (index % perTurn);
    return [at(items, order[place] ?? 0), at(items, order[place + 1] ?? 0)];
  });
}

const tooFew = (found: number) =>
  new SostenutoError({
    code: 'NO_TRAINING_DATA',
    what: 'There are no two sounds to mix',
    found: `${found} of the training sounds can be heard and have a caption`,
    expected: 'at least two',
    hint: 'add sounds, or make no mixtures: --set data.mixtures=0',
  });
