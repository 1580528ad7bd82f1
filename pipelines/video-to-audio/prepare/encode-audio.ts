import { join } from 'node:path';
import { levelled } from '../../../datasets/media/level.ts';
import type { Run } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { openCodec } from '../../../models/encoders/open.ts';
import { folderOf } from '../../stored-folder.ts';
import { readFloats, shardIn } from '../features.ts';
import { LATENT_RATE } from '../rates.ts';
import type { encodeAudio as declaration } from '../tasks.ts';
import { extractShard } from './extract-shard.ts';

/** Writes the shard `latents` [frames, channels]: the encoder's output before any quantiser, of each clip as a whole. */
export const encodeAudio: Run<typeof declaration> = async ({ inputs, params, item, context }) => {
  const { tf } = await loadBackend();
  const codec = await openCodec(tf, await folderOf(context, inputs.codec, 'codec'));
  const audio = shardIn(await context.openTree(item.artifact), 'audio');
  const latents = join(context.workDirectory, 'latents');
  const features = [{ name: 'latents', scalar: params.scalar, rowsPerSecond: LATENT_RATE, shape: [codec.config.hidden_size] }];
  await extractShard(context, latents, features, audio.index.clips, async ({ id }) => {
    const wave = levelled(readFloats(audio, id));
    return { rows: { latents: await codec.encode(wave) } };
  });
  audio.close();
  await codec.dispose();
  return { latents };
};
