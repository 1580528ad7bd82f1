import { join } from 'node:path';
import type { ShardDescription } from '../../../datasets/features/sequence-shard.ts';
import { probeMedia } from '../../../datasets/media/probe.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { loadPictureEncoder, type PictureEncoder } from '../../../models/encoders/image/network.ts';
import { folderOf } from '../../stored-folder.ts';
import { PICTURE_RATE } from '../rates.ts';
import type { Clip, encodeFrames as declaration } from '../tasks.ts';
import { embedFilm } from './embed-film.ts';
import { extractShard } from './extract-shard.ts';
import { orReason } from './quarantine.ts';

/**
 * Writes the shard `video` [frames, width] of the clips that have pictures, 25 a second, by an image network that sees them in their own size.
 * Clips that cannot be decoded are left out: the node that extracts their sound sets them apart, and says why.
 */
export const encodeFrames: Run<typeof declaration> = async ({ inputs, item, context }) => {
  const { tf } = await loadBackend();
  const encoder = await loadPictureEncoder(tf, await folderOf(context, inputs.encoder, 'encoder'));
  const video = join(context.workDirectory, 'video');
  const features: ShardDescription[] = [{ name: 'video', scalar: 'f16', rowsPerSecond: PICTURE_RATE, shape: [encoder.width] }];
  await extractShard(context, video, features, item.clips, async (clip) => {
    const read = await orReason(() => featuresOf(context, encoder, clip));
    return 'reason' in read ? read : { rows: { video: read.value } };
  });
  await encoder.dispose();
  return { video };
};

async function featuresOf({ openFile, signal }: TaskContext, encoder: PictureEncoder, clip: Clip): Promise<Float32Array | undefined> {
  const { path } = await openFile(clip.media);
  if (!(await probeMedia(path, { signal })).video) return undefined;
  return embedFilm(encoder, path, { framesPerSecond: PICTURE_RATE, start: clip.start, mostSeconds: clip.seconds, signal });
}
