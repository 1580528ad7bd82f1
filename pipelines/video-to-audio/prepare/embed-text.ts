import { createShard } from '../../../datasets/features/sequence-shard.ts';
import type { Run } from '../../../engine/define/task.ts';
import { hashedWords } from '../../../models/encoders/text/hashed-words.ts';
import type { embedText as declaration } from '../tasks.ts';

/** Writes the shard `text` [tokens, dimension]; clips without a word are left out. */
export const embedText: Run<typeof declaration> = async ({ params, item, context }) => {
  const { dimension, tokens } = params;
  const encoder = hashedWords(dimension, tokens);
  const shard = createShard(context.workDirectory, { name: 'text', scalar: 'f32', rowsPerSecond: 1, shape: [dimension] });
  for (const { id, caption } of item.clips) {
    const states = encoder.encode(caption);
    if (states.length > 0) shard.append(id, states);
  }
  shard.close();
  return { text: context.workDirectory };
};
