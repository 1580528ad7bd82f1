import type { Run } from '../../../engine/define/task.ts';
import { welford } from '../../../numeric/statistics.ts';
import { clipsOf, openShards, readFloats } from '../features.ts';
import type { measureLatents as declaration } from '../tasks.ts';

/** One pass over the frames of the training clips. A channel that never moves would be divided by zero: it gets a small deviation. */
export const measureLatents: Run<typeof declaration> = async ({ inputs, context }) => {
  const training = new Set(clipsOf(inputs.shards, 'train').map(({ id }) => id));
  const shards = await openShards(context, inputs.latents, 'latents');
  const channels = shards[0]?.index.width ?? 0;
  const running = welford(channels);
  for (const shard of shards) {
    for (const { id, rows } of shard.index.clips) {
      if (!training.has(id)) continue;
      const values = readFloats(shard, id);
      for (let row = 0; row < rows; row++) running.add(values.subarray(row * channels, (row + 1) * channels));
    }
    shard.close();
  }
  const deviation = Array.from(running.deviation(), (value) => Math.max(value, 1e-5));
  return { statistics: { mean: Array.from(running.mean()), deviation, frames: running.count } };
};
