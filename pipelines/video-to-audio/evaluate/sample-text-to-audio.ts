import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createShard } from '../../../datasets/features/sequence-shard.ts';
import { levelled } from '../../../datasets/media/level.ts';
import { writeWav } from '../../../datasets/media/wav.ts';
import type { Run } from '../../../engine/define/task.ts';
import { loadBackend, type Tf } from '../../../models/backend/index.ts';
import { type Encodec, loadEncodec } from '../../../models/encoders/encodec/index.ts';
import { sampleClips } from '../../../models/sampling/sample-clips.ts';
import { folderOf } from '../../stored-folder.ts';
import { readFeature, readLatentClips } from '../features.ts';
import { LATENT_RATE, SAMPLE_RATE } from '../rates.ts';
import type { sampleTextToAudio as declaration } from '../tasks.ts';

/** What stands in `clips.json`. */
export interface GeneratedClip {
  readonly id: string;
  readonly caption: string;
}

/**
 * Writes for held-out clips `generated/<id>.wav`, `reconstructed/<id>.wav` (the original through the codec, which bounds what can
 * be generated) and `original/<id>.wav`, all of the same length, their latents as shards, and `clips.json`.
 */
export const sampleTextToAudio: Run<typeof declaration> = async ({ inputs, params, context }) => {
  const { sampling, seed } = params;
  const frames = Math.round(sampling.seconds * LATENT_RATE);
  const heldOut = await readLatentClips(context, inputs, 'test');
  const clips = heldOut.filter((clip) => clip.set === 'sounds' && clip.frames >= frames).slice(0, sampling.clips);
  const originals = await readFeature(context, inputs.media, 'audio', clips);
  const { tf } = await loadBackend();
  const codec = await loadEncodec(tf, await folderOf(context, inputs.codec, 'codec'));
  const generated = await sampleClips(tf, await folderOf(context, inputs.model, 'model'), {
    clips,
    frames,
    steps: sampling.steps,
    guidance: { strength: sampling.guidance, convention: 'added' },
    sway: sampling.sway,
    seed,
    signal: context.signal,
    progress: (step, of) => context.progress({ step, of }),
  });

  const directory = join(context.workDirectory, 'out');
  for (const folder of ['generated', 'reconstructed', 'original']) await mkdir(join(directory, folder), { recursive: true });
  const shape = [codec.config.hidden_size];
  const shards = {
    generated: createShard(directory, { name: 'generated', scalar: 'f32', rowsPerSecond: LATENT_RATE, shape }),
    original: createShard(directory, { name: 'original', scalar: 'f32', rowsPerSecond: LATENT_RATE, shape }),
  };
  for (const [index, clip] of clips.entries()) {
    const made = generated[index];
    if (made === undefined) continue;
    const real = clip.latents.subarray(0, frames * codec.config.hidden_size);
    shards.generated.append(clip.id, made);
    shards.original.append(clip.id, Float32Array.from(real));
    const samples = Math.round(sampling.seconds * SAMPLE_RATE);
    const sound = (folder: string, wave: Float32Array) => writeFile(join(directory, folder, `${clip.id}.wav`), writeWav(wave, SAMPLE_RATE));
    await sound('generated', decoded(tf, codec, made, samples));
    await sound('reconstructed', decoded(tf, codec, real, samples));
    await sound('original', levelled(originals.get(clip.id)?.values ?? new Float32Array(samples)).subarray(0, samples));
  }
  shards.generated.close();
  shards.original.close();
  const list: GeneratedClip[] = clips.map(({ id, caption }) => ({ id, caption }));
  await writeFile(join(directory, 'clips.json'), JSON.stringify(list));
  codec.dispose();
  return { generated: directory };
};

/** Latents [frames, channels] as `samples` of sound. */
function decoded(tf: Tf, codec: Encodec, latents: Float32Array, samples: number): Float32Array {
  const wave = tf.tidy(() => codec.decode(tf.tensor3d(latents, [1, latents.length / codec.config.hidden_size, codec.config.hidden_size])));
  const sound = Float32Array.from(wave.dataSync()).subarray(0, samples);
  wave.dispose();
  return sound;
}
