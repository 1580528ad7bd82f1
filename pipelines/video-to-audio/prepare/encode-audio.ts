import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createShard } from '../../../datasets/features/sequence-shard.ts';
import { levelled } from '../../../datasets/media/level.ts';
import type { Run } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { loadEncodec } from '../../../models/encoders/encodec/index.ts';
import { folderOf } from '../../stored-folder.ts';
import { readFloats, shardIn } from '../features.ts';
import { LATENT_RATE } from '../rates.ts';
import type { encodeAudio as declaration } from '../tasks.ts';

/** Writes the shard `latents` [frames, channels]: the encoder's output before any quantiser, of each clip as a whole. */
export const encodeAudio: Run<typeof declaration> = async ({ inputs, params, item, context }) => {
  const { tf } = await loadBackend();
  const codec = await loadEncodec(tf, await folderOf(context, inputs.codec, 'codec'));
  const audio = shardIn(await context.openTree(item.artifact), 'audio');
  const directory = join(context.workDirectory, 'latents');
  await mkdir(directory);
  const shape = [codec.config.hidden_size];
  const latents = createShard(directory, { name: 'latents', scalar: params.scalar, rowsPerSecond: LATENT_RATE, shape });
  for (const [index, { id }] of audio.index.clips.entries()) {
    context.signal.throwIfAborted();
    const wave = levelled(readFloats(audio, id));
    const encoded = tf.tidy(() => codec.encode(tf.tensor2d(wave, [1, wave.length])));
    latents.append(id, Float32Array.from(await encoded.data()));
    encoded.dispose();
    context.progress({ step: index + 1, of: audio.index.clips.length, clip: id });
  }
  audio.close();
  latents.close();
  codec.dispose();
  return { latents: directory };
};
