import { join } from 'node:path';
import type { ShardDescription } from '../../../datasets/features/sequence-shard.ts';
import { decodeMedia } from '../../../datasets/media/decode.ts';
import { probeMedia } from '../../../datasets/media/probe.ts';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import type { Picture } from '../../../models/encoders/clip/resize.ts';
import { loadPictureEncoder, type PictureEncoder } from '../../../models/encoders/image/network.ts';
import { folderOf } from '../../stored-folder.ts';
import { PICTURE_RATE } from '../rates.ts';
import type { Clip, encodeFrames as declaration } from '../tasks.ts';
import { extractShard } from './extract-shard.ts';
import { orReason } from './quarantine.ts';

/** Pictures that go through the network together. */
const BATCH = 16;

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
  encoder.dispose();
  return { video };
};

/** [frames, width]; each frame is embedded as it comes, so that a long clip needs no more memory than a short one. */
async function featuresOf(context: TaskContext, encoder: PictureEncoder, clip: Clip): Promise<Float32Array | undefined> {
  const { signal } = context;
  const { path } = await context.openFile(clip.media);
  if (!(await probeMedia(path, { signal })).video) return undefined;
  const embedded: Float32Array[] = [];
  let waiting: Picture[] = [];
  const embed = () => {
    if (waiting.length > 0) embedded.push(encoder.encode(waiting));
    waiting = [];
  };
  const { frames, damage } = await decodeMedia(path, {
    framesPerSecond: PICTURE_RATE,
    streams: 'video',
    start: clip.start,
    mostSeconds: clip.seconds,
    signal,
    onFrame: (data, size) => {
      waiting.push({ ...size, data: data.slice() });
      if (waiting.length === BATCH) embed();
    },
  });
  embed();
  if (!frames || damage.length > 0) return undefined;
  const { width } = encoder;
  const features = new Float32Array(frames.count * width);
  for (const [row, from] of frames.decoded.entries()) {
    const batch = embedded[Math.floor(from / BATCH)];
    const at = (from % BATCH) * width;
    if (batch) features.set(batch.subarray(at, at + width), row * width);
  }
  return features;
}
