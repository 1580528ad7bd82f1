import { join } from 'node:path';
import { levelled } from '../../../datasets/media/level.ts';
import type { Run } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { loadEncodec } from '../../../models/encoders/encodec/index.ts';
import { folderOf } from '../../stored-folder.ts';
import { readFloats, shardIn } from '../features.ts';
import { LATENT_RATE } from '../rates.ts';
import type { encodeAudio as declaration } from '../tasks.ts';
import { extractShard } from './extract-shard.ts';

/** Writes the shard `latents` [frames, channels]: the encoder's output before any quantiser, of each clip as a whole. */
export const encodeAudio: Run<typeof declaration> = async ({ inputs, params, item, context }) => {
  const { tf } = await loadBackend();
  const codec = await loadEncodec(tf, await folderOf(context, inputs.codec, 'codec'));
  const audio = shardIn(await context.openTree(item.artifact), 'audio');
  const latents = join(context.workDirectory, 'latents');
  const features = [{ name: 'latents', scalar: params.scalar, rowsPerSecond: LATENT_RATE, shape: [codec.config.hidden_size] }];
  await extractShard(context, latents, features, audio.index.clips, async ({ id }) => {
    const wave = levelled(readFloats(audio, id));
    const encoded = tf.tidy(() => codec.encode(tf.tensor2d(wave, [1, wave.length])));
    const rows = { latents: Float32Array.from(await encoded.data()) };
    encoded.dispose();
    return { rows };
  });
  audio.close();
  codec.dispose();
  return { latents };
};
