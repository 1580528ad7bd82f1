import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createShard } from '../../../datasets/features/sequence-shard.ts';
import { extractClip } from '../../../datasets/media/extract.ts';
import type { Quarantined } from '../../../engine/define/pipeline.ts';
import type { Run } from '../../../engine/define/task.ts';
import { SAMPLE_RATE } from '../rates.ts';
import type { extractMedia as declaration } from '../tasks.ts';
import { checkFailures } from './quarantine.ts';

/** Writes the shards `audio` [samples, 1] and `frames` [frames, side, side, 3]; clips that cannot be decoded are set apart. */
export const extractMedia: Run<typeof declaration> = async ({ params, item, context }) => {
  const { framesPerSecond, frameSize, maxFailures } = params;
  const directory = join(context.workDirectory, 'media');
  await mkdir(directory);
  const audio = createShard(directory, { name: 'audio', scalar: 'f32', rowsPerSecond: SAMPLE_RATE, shape: [1] });
  const frames = createShard(directory, { name: 'frames', scalar: 'u8', rowsPerSecond: framesPerSecond, shape: [frameSize, frameSize, 3] });
  const unreadable: Quarantined[] = [];
  for (const [index, clip] of item.clips.entries()) {
    context.signal.throwIfAborted();
    const { path } = await context.openFile(clip.media);
    const result = await extractClip(path, { framesPerSecond, size: frameSize, sampleRate: SAMPLE_RATE, signal: context.signal });
    if (!result.ok) unreadable.push({ id: clip.id, reason: result.quarantined.reason });
    else if (result.clip.audio === undefined) unreadable.push({ id: clip.id, reason: 'no sound' });
    else {
      audio.append(clip.id, result.clip.audio);
      if (result.clip.frames) frames.append(clip.id, result.clip.frames.data);
    }
    context.progress({ step: index + 1, of: item.clips.length, clip: clip.id });
  }
  checkFailures(item.id, unreadable, maxFailures);
  audio.close();
  frames.close();
  return { media: directory, unreadable };
};
