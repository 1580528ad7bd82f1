import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createShard, type SequenceShard } from '../../../datasets/features/sequence-shard.ts';
import { levelled } from '../../../datasets/media/level.ts';
import { writeWav } from '../../../datasets/media/wav.ts';
import { KEYS } from '../../../datasets/midi/performance.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { SostenutoError } from '../../../errors/problem.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { openCodec } from '../../../models/encoders/open.ts';
import { frameDifferences } from '../../../models/metrics/av-align.ts';
import { folderOf } from '../../stored-folder.ts';
import { clipsOf, openShards, readFeature } from '../features.ts';
import { LATENT_RATE, SAMPLE_RATE } from '../rates.ts';
import type { Clip } from '../tasks.ts';
import { chooseWindows } from './choose-windows.ts';
import { decodeLatents } from './decode-latents.ts';
import { SETS } from './measured.ts';
import type { prepareReferences as declaration, ReferenceClip } from './tasks.ts';

const HOP = SAMPLE_RATE / LATENT_RATE;

export const prepareReferences: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const frames = Math.round(params.seconds * LATENT_RATE);
  const heldOut = clipsOf(inputs.shards, 'test');
  const latents = await readFeature(context, inputs.latents, 'latents', heldOut);
  const lengthOf = (id: string) => latents.get(id)?.rows ?? 0;
  const windows = SETS.flatMap((set) =>
    chooseWindows(
      heldOut.filter((clip) => clip.set === set),
      lengthOf,
      frames,
      params.clips[set],
      params.seed,
    ),
  );
  tellShort(
    heldOut.filter(({ set }) => params.clips[set] > 0),
    ({ id }) => lengthOf(id) < frames,
    params.seconds,
    context,
  );
  const sources = windows.map(({ clip }) => clip);
  const sounds = await readFeature(context, inputs.media, 'audio', sources);
  for (const { values } of sounds.values()) levelled(values);
  const rolls = await openShards(context, inputs.rolls, 'sounding');
  const pictures = await openShards(context, inputs.media, 'frames');

  const { tf } = await loadBackend();
  const codec = await openCodec(tf, await folderOf(context, inputs.codec, 'codec'));
  const channels = codec.config.hidden_size;
  const directory = join(context.workDirectory, 'references');
  for (const folder of ['original', 'reconstructed']) await mkdir(join(directory, folder), { recursive: true });
  const fps = pictures[0]?.index.rowsPerSecond ?? 1;
  const shards = {
    original: createShard(directory, { name: 'original', scalar: 'f32', rowsPerSecond: LATENT_RATE, shape: [channels] }),
    truth: createShard(directory, { name: 'truth', scalar: 'u8', rowsPerSecond: LATENT_RATE, shape: [KEYS] }),
    motion: createShard(directory, { name: 'motion', scalar: 'f32', rowsPerSecond: fps, shape: [1] }),
  };
  const list: ReferenceClip[] = [];
  for (const [index, { clip, from }] of windows.entries()) {
    const id = from === 0 ? clip.id : `${clip.id}@${from}`;
    const { set, caption, piece, pianist } = clip;
    const names = { ...(piece !== undefined && { piece }), ...(pianist !== undefined && { pianist }) };
    list.push({ id, source: clip.id, from, set, caption, frames, seconds: frames / LATENT_RATE, ...names });

    const real = Float32Array.from(latents.get(clip.id)?.values.subarray(from * channels, (from + frames) * channels) ?? []);
    shards.original.append(id, real);
    const sound = new Float32Array(frames * HOP);
    sound.set(sounds.get(clip.id)?.values.subarray(from * HOP, (from + frames) * HOP) ?? []);
    await writeFile(join(directory, 'original', `${id}.wav`), writeWav(sound, SAMPLE_RATE));
    const reconstructed = await decodeLatents(codec, real, sound.length);
    await writeFile(join(directory, 'reconstructed', `${id}.wav`), writeWav(reconstructed, SAMPLE_RATE));
    const roll = rolls.find((shard) => shard.has(clip.id));
    if (roll) shards.truth.append(id, rollOf(roll, clip.id, from, frames));
    const motion = motionOf(pictures, clip.id);
    const first = Math.round((from / LATENT_RATE) * fps);
    if (motion && motion.length > first) shards.motion.append(id, motion.slice(first, first + Math.round((frames / LATENT_RATE) * fps)));
    context.progress({ step: index + 1, of: windows.length });
  }
  for (const shard of [...rolls, ...pictures, ...Object.values(shards)]) shard.close();
  await codec.dispose();
  await writeFile(join(directory, 'clips.json'), JSON.stringify(list));
  return { references: directory };
};

/** Counts clips that no stretch of the length fits into. Throws `NO_TEST_CLIPS` where it fits into none. */
function tellShort(clips: readonly Clip[], isShort: (clip: Clip) => boolean, seconds: number, context: TaskContext): void {
  const short = clips.filter(isShort);
  const [first] = short;
  if (first === undefined) return;
  const told = `${short.length} of ${clips.length} held-out clips are shorter than ${seconds} s; the first is ${first.id}`;
  if (short.length === clips.length)
    throw new SostenutoError({
      code: 'NO_TEST_CLIPS',
      what: 'No held-out clip is as long as what is sampled.',
      where: 'sampling.seconds',
      found: told,
      hint: 'longer clips, or fewer seconds by --set sampling.seconds=…',
    });
  context.warn(told);
}

/** A stretch of a roll, [frames, 88]; silent behind its end. */
function rollOf(shard: SequenceShard, id: string, from: number, frames: number): Uint8Array {
  const { width } = shard.index;
  const stretch = new Uint8Array(frames * width);
  stretch.set(shard.read(id).subarray(from * width, (from + frames) * width));
  return stretch;
}

/** Frame differences of a whole clip, so that a stretch begins with its true motion; undefined without a picture. */
function motionOf(pictures: readonly SequenceShard[], id: string): Float32Array | undefined {
  const shard = pictures.find((one) => one.has(id));
  return shard && frameDifferences(Uint8Array.from(shard.read(id)), shard.index.width);
}
