import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Run } from '../../../engine/define/task.ts';
import { requireEncoder } from '../encoders.ts';
import type { importCodec as declaration } from '../tasks.ts';

const SHIPPED = fileURLToPath(new URL('../../../models/codec/weights', import.meta.url));

export const importCodec: Run<typeof declaration> = async ({ params, context }) => {
  requireEncoder(params.codec, 'sostenuto');
  const codec = join(context.workDirectory, 'codec');
  await cp(SHIPPED, codec, { recursive: true });
  return { codec };
};
