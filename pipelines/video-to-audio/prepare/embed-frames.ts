import { createShard } from '../../../datasets/features/sequence-shard.ts';
import type { Run } from '../../../engine/define/task.ts';
import { colourGrid } from '../../../models/encoders/image/colour-grid.ts';
import { shardIn } from '../features.ts';
import type { embedFrames as declaration } from '../tasks.ts';

/** Writes the shard `video` [frames, width] of the clips that have pictures, at the rate of the pictures. */
export const embedFrames: Run<typeof declaration> = async ({ params, item, context }) => {
  const frames = shardIn(await context.openTree(item.artifact), 'frames');
  const encoder = colourGrid(frames.index.shape[0] ?? 0, params.cells);
  const { rowsPerSecond } = frames.index;
  const shard = createShard(context.workDirectory, { name: 'video', scalar: 'f16', rowsPerSecond, shape: [encoder.width] });
  for (const { id } of frames.index.clips) shard.append(id, encoder.encode(Uint8Array.from(frames.read(id))));
  frames.close();
  shard.close();
  return { video: context.workDirectory };
};
