import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { createShard, type ShardWriter } from '../../../datasets/features/sequence-shard.ts';
import { decodeMedia } from '../../../datasets/media/decode.ts';
import { KEYS } from '../../../datasets/midi/performance.ts';
import { pianoRoll, ROLL_FRAMES_PER_SECOND } from '../../../datasets/midi/piano-roll.ts';
import { readMidi } from '../../../datasets/midi/read-midi.ts';
import type { StoredTree } from '../../../engine/define/ports.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { SostenutoError } from '../../../errors/problem.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { type CaptionEncoder, loadCaptionEncoder } from '../../../models/encoders/clap/encoders.ts';
import { loadPictureEncoder, type PictureEncoder } from '../../../models/encoders/image/network.ts';
import { frameDifferences } from '../../../models/metrics/av-align.ts';
import { flowMotion } from '../../../models/metrics/flow-motion.ts';
import { readFloats } from '../../../models/tensor/safetensors.ts';
import { folderOf, pathOf } from '../../stored-folder.ts';
import { shardIn } from '../../video-to-audio/features.ts';
import { embedFilm } from '../../video-to-audio/prepare/embed-film.ts';
import { orReason } from '../../video-to-audio/prepare/quarantine.ts';
import type { Protocol } from '../settings.ts';
import { CAPTION, clipName, FILMS, isSound, NOTES } from '../sources.ts';
import type { describeOriginals as declaration, LeftOut, Original, Originals } from '../tasks.ts';
import { readSound } from './read-sound.ts';

export const describeOriginals: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const folder = await folderOf(context, inputs.networks, 'networks');
  const given = (network: string) => inputs.networks.files.has(`${network}/config.json`);
  const pictures = given('clip') ? await loadPictureEncoder((await loadBackend()).tf, join(folder, 'clip')) : undefined;
  const captions = given('clap') ? await loadCaptionEncoder((await loadBackend()).tf, join(folder, 'clap')) : undefined;
  try {
    return await describe(context, inputs.references, params.protocol, { pictures, captions });
  } finally {
    await Promise.all([pictures?.dispose(), captions?.dispose()]);
  }
};

interface Encoders {
  readonly pictures: PictureEncoder | undefined;
  readonly captions: CaptionEncoder | undefined;
}

async function describe(context: TaskContext, tree: StoredTree, protocol: Protocol, encoders: Encoders) {
  const { pictures: encoder } = encoders;
  const { framesPerSecond, side } = protocol.film;
  const directory = join(context.workDirectory, 'originals');
  await mkdir(directory);
  const truths = createShard(directory, { name: 'truth', scalar: 'u8', rowsPerSecond: ROLL_FRAMES_PER_SECOND, shape: [KEYS] });
  const flows = createShard(directory, { name: 'flow', scalar: 'f32', rowsPerSecond: framesPerSecond, shape: [1] });
  const kept = await keptByRun(tree);
  const differences = createShard(directory, {
    name: 'difference',
    scalar: 'f32',
    rowsPerSecond: kept.motionRate ?? framesPerSecond,
    shape: [1],
  });
  const seenFrames =
    encoder && createShard(directory, { name: 'clip', scalar: 'f32', rowsPerSecond: protocol.clipFramesPerSecond, shape: [encoder.width] });
  const read = encoders.captions && captionShard(directory, encoders.captions);
  const clips: Original[] = [];
  const leftOut: LeftOut[] = [];
  const names = soundsOf(tree, 'original');
  for (const [index, [id, path]] of [...names].entries()) {
    context.signal.throwIfAborted();
    const beside = (endings: readonly string[]) => besideOf(tree, id, endings);
    const sound = await readSound(path, protocol, context.signal);
    if ('reason' in sound) {
      leftOut.push({ id, reason: sound.reason });
      continue;
    }
    const seconds = Math.min(protocol.mostSeconds, sound.samples.length / sound.sampleRate);
    const frames = Math.round(seconds * ROLL_FRAMES_PER_SECOND);
    const notes = await notesOf(beside(NOTES), id, frames);
    if (notes instanceof Uint8Array) truths.append(id, notes);
    else if (notes) leftOut.push({ id: `${id} (notes)`, reason: notes.reason });
    const roll = notes === undefined ? kept.roll(id, frames) : undefined;
    if (roll) truths.append(id, roll);

    const film = beside(FILMS);
    const seen =
      film &&
      (await orReason(() =>
        decodeMedia(film, {
          streams: 'video',
          framesPerSecond,
          size: { width: side, height: side },
          mostSeconds: seconds,
          signal: context.signal,
        }),
      ));
    if (seen && 'reason' in seen) leftOut.push({ id: `${id} (film)`, reason: seen.reason });
    const pictures = seen && 'value' in seen ? seen.value.frames : undefined;
    if (pictures) {
      flows.append(id, Float32Array.from(flowMotion(pictures.data, side, side, () => context.signal.throwIfAborted())));
      if (kept.motionRate === undefined) differences.append(id, frameDifferences(pictures.data, side * side * 3));
      const stretch = { framesPerSecond: protocol.clipFramesPerSecond, mostSeconds: seconds, signal: context.signal };
      const embedded = film && encoder && (await embedFilm(encoder, film, stretch));
      if (embedded) seenFrames?.append(id, embedded);
    }
    const motion = kept.motion(id, seconds);
    if (motion) differences.append(id, motion);

    const caption = await captionOf(beside([CAPTION]), kept.captions.get(id));
    if (caption !== undefined) await read?.append(id, caption);
    clips.push({
      id,
      seconds,
      hasNotes: notes instanceof Uint8Array || roll !== undefined,
      hasFilm: pictures !== undefined || motion !== undefined,
      ...(caption !== undefined && { caption }),
    });
    context.progress({ step: index + 1, of: names.size, clip: id });
  }
  if (clips.length === 0) throw nothing(names.size, leftOut);
  if (!seenFrames) await passOn(tree, 'clip', directory, clips);
  if (!read) await passOn(tree, 'captions', directory, clips);
  kept.close();
  for (const shard of [truths, flows, differences, seenFrames, read]) shard?.close();
  await writeFile(join(directory, 'originals.json'), JSON.stringify({ clips, leftOut } satisfies Originals));
  return { originals: directory };
}

const nothing = (files: number, leftOut: readonly LeftOut[]) =>
  new SostenutoError({
    code: 'NO_TEST_CLIPS',
    what: 'There is no original to judge by.',
    where: 'references',
    found:
      leftOut
        .slice(0, 5)
        .map(({ id, reason }) => `${id}: ${reason}`)
        .join('; ') || `${files} sounds`,
    expected: 'at least one sound that can be read',
  });

/** A shard of captions' embeddings that begins with its first caption. */
function captionShard(directory: string, encoder: CaptionEncoder) {
  let shard: ShardWriter | undefined;
  return {
    async append(id: string, caption: string): Promise<void> {
      shard ??= createShard(directory, { name: 'captions', scalar: 'f32', rowsPerSecond: 1, shape: [encoder.width] });
      shard.append(id, await encoder.encode(caption));
    },
    close: () => shard?.close(),
  };
}

/** Embeddings of the originals' films or captions, as a shard by clips. */
async function passOn(tree: StoredTree, name: string, directory: string, clips: readonly Original[]): Promise<void> {
  const path = tree.files.get(`${name}.safetensors`);
  if (path === undefined) return;
  const { tensors } = await readFloats(path);
  const width = [...tensors.values()][0]?.shape.at(-1) ?? 1;
  const shard = createShard(directory, { name, scalar: 'f32', rowsPerSecond: 1, shape: [width] });
  for (const { id } of clips) {
    const found = tensors.get(id);
    if (found && found.shape.at(-1) === width) shard.append(id, found.data);
  }
  shard.close();
}

/** Path of the sound of every clip by its name; of several files of one name a sound file goes before a film. */
export function soundsOf(tree: StoredTree, kept: string): Map<string, string> {
  const isKept = [...tree.files.keys()].some((name) => name.startsWith(`${kept}/`));
  const names = [...tree.files.keys()].filter((name) => isSound(name) && (!isKept || name.startsWith(`${kept}/`)));
  const isFilm = (name: string) => FILMS.includes(extname(name).toLowerCase());
  const sounds = new Map<string, string>();
  for (const name of names.sort((a, b) => Number(isFilm(b)) - Number(isFilm(a)) || (a < b ? -1 : 1)))
    sounds.set(clipName(name, kept), pathOf(tree, name));
  return new Map([...sounds].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const besideOf = (tree: StoredTree, id: string, endings: readonly string[]): string | undefined =>
  [...tree.files].find(([name]) => endings.includes(extname(name).toLowerCase()) && clipName(name, 'original') === id)?.[1];

/** Velocities [frames, 88] of what sounds, pedal included; undefined without a file. */
async function notesOf(path: string | undefined, id: string, frames: number): Promise<Uint8Array | { reason: string } | undefined> {
  if (path === undefined) return undefined;
  const read = await orReason(async () => readMidi(await readFile(path), id));
  return 'reason' in read ? read : pianoRoll(read.value, { frames }).velocity;
}

async function captionOf(path: string | undefined, kept: string | undefined): Promise<string | undefined> {
  const text = path === undefined ? kept : (await readFile(path, 'utf8')).trim();
  return text === '' ? undefined : text;
}

/** What a run of `video-to-audio` lays beside its references: rolls, motion and captions. */
async function keptByRun(tree: StoredTree) {
  const list = tree.files.get('clips.json');
  const captions: readonly { id: string; caption: string }[] = list === undefined ? [] : JSON.parse(await readFile(list, 'utf8'));
  const open = (name: string) => (tree.files.has(`${name}.arrow`) && tree.files.has(`${name}.json`) ? shardIn(tree, name) : undefined);
  const [truth, motion] = [open('truth'), open('motion')];
  const stretch = <T extends Uint8Array | Float32Array>(values: T, of: T): T => {
    of.set(values.subarray(0, of.length));
    return of;
  };
  return {
    motionRate: motion?.index.rowsPerSecond,
    captions: new Map(captions.map(({ id, caption }) => [id, caption])),
    roll: (id: string, frames: number) =>
      truth?.has(id) ? stretch(Uint8Array.from(truth.read(id)), new Uint8Array(frames * KEYS)) : undefined,
    motion: (id: string, seconds: number) =>
      motion?.has(id) ? Float32Array.from(motion.read(id)).slice(0, Math.round(seconds * motion.index.rowsPerSecond)) : undefined,
    close() {
      truth?.close();
      motion?.close();
    },
  };
}
