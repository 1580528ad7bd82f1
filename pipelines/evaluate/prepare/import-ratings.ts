import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '../../../engine/define/task.ts';
import type { importRatings as declaration } from '../tasks.ts';

export const importRatings: Run<typeof declaration> = async ({ params, context }) => {
  const ratings = join(context.workDirectory, 'ratings.csv');
  await copyFile(params.path, ratings);
  return { ratings };
};
