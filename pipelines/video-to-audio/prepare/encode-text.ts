import { join } from 'node:path';
import type { ShardDescription } from '../../../datasets/features/sequence-shard.ts';
import type { Run } from '../../../engine/define/task.ts';
import { loadBackend } from '../../../models/backend/index.ts';
import { loadTextEncoder } from '../../../models/encoders/text/network.ts';
import { folderOf } from '../../stored-folder.ts';
import type { encodeText as declaration } from '../tasks.ts';
import { extractShard } from './extract-shard.ts';

/** Writes the shard `text` [tokens, width] of a text network; clips without a caption are left out. */
export const encodeText: Run<typeof declaration> = async ({ inputs, params, item, context }) => {
  const { tf } = await loadBackend();
  const encoder = await loadTextEncoder(tf, await folderOf(context, inputs.encoder, 'encoder'), params.tokens);
  const text = join(context.workDirectory, 'text');
  const features: ShardDescription[] = [{ name: 'text', scalar: 'f32', rowsPerSecond: 1, shape: [encoder.dimension] }];
  await extractShard(context, text, features, item.clips, async ({ caption }) => ({
    rows: caption.trim() === '' ? {} : { text: await encoder.encode(caption) },
  }));
  await encoder.dispose();
  return { text };
};
