import { join } from 'node:path';
import type { ShardDescription } from '../../../datasets/features/sequence-shard.ts';
import { extractClip } from '../../../datasets/media/extract.ts';
import type { Artifact } from '../../../engine/define/ports.ts';
import type { Run } from '../../../engine/define/task.ts';
import { SAMPLE_RATE } from '../rates.ts';
import type { extractMedia as declaration } from '../tasks.ts';
import { extractShard } from './extract-shard.ts';
import { checkFailures } from './quarantine.ts';

/** Writes the shards `audio` [samples, 1] and `frames` [frames, side, side, 3]; clips that cannot be decoded are set apart. */
export const extractMedia: Run<typeof declaration> = async ({ params, item, context }) => {
  const { framesPerSecond, frameSize, maxFailures } = params;
  const media = join(context.workDirectory, 'media');
  const features: readonly ShardDescription[] = [
    { name: 'audio', scalar: 'f32', rowsPerSecond: SAMPLE_RATE, shape: [1] },
    { name: 'frames', scalar: 'u8', rowsPerSecond: framesPerSecond, shape: [frameSize, frameSize, 3] },
  ];
  const unreadable = await extractShard(context, media, features, item.clips, async (clip) => {
    const part = { framesPerSecond, size: frameSize, sampleRate: SAMPLE_RATE, start: clip.start, mostSeconds: clip.seconds };
    const decode = async (file: Artifact) => extractClip((await context.openFile(file)).path, { ...part, signal: context.signal });
    const result = await decode(clip.media);
    const sound = result.ok && clip.audio ? await decode(clip.audio) : result;
    if (!result.ok) return { reason: result.quarantined.reason };
    if (!sound.ok) return { reason: sound.quarantined.reason };
    if (sound.clip.audio === undefined) return { reason: 'no sound' };
    return { rows: { audio: sound.clip.audio, frames: result.clip.frames?.data } };
  });
  checkFailures(item.id, unreadable, maxFailures);
  return { media, unreadable };
};
