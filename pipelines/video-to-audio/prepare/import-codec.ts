import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Run } from '../../../engine/define/task.ts';
import type { importCodec as declaration } from '../tasks.ts';

const SHIPPED = fileURLToPath(new URL('../../../models/codec/weights', import.meta.url));

export const importCodec: Run<typeof declaration> = async ({ context }) => {
  const codec = join(context.workDirectory, 'codec');
  await cp(SHIPPED, codec, { recursive: true });
  return { codec };
};
