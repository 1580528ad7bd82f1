import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createShard } from '../../../datasets/features/sequence-shard.ts';
import { extractClip } from '../../../datasets/media/extract.ts';
import type { Quarantined } from '../../../engine/define/pipeline.ts';
import type { Artifact } from '../../../engine/define/ports.ts';
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
    const part = { framesPerSecond, size: frameSize, sampleRate: SAMPLE_RATE, start: clip.start, mostSeconds: clip.seconds };
    const extract = async (file: Artifact) => extractClip((await context.openFile(file)).path, { ...part, signal: context.signal });
    const result = await extract(clip.media);
    const sound = result.ok && clip.audio ? await extract(clip.audio) : result;
    if (!result.ok) unreadable.push({ id: clip.id, reason: result.quarantined.reason });
    else if (!sound.ok) unreadable.push({ id: clip.id, reason: sound.quarantined.reason });
    else if (sound.clip.audio === undefined) unreadable.push({ id: clip.id, reason: 'no sound' });
    else {
      audio.append(clip.id, sound.clip.audio);
      if (result.clip.frames) frames.append(clip.id, result.clip.frames.data);
    }
    context.progress({ step: index + 1, of: item.clips.length, clip: clip.id });
  }
  checkFailures(item.id, unreadable, maxFailures);
  audio.close();
  frames.close();
  return { media: directory, unreadable };
};
