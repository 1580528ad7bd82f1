import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSyntheticSet } from '../../../datasets/sources/synthetic-sets.ts';
import type { Run } from '../../../engine/define/task.ts';
import type { synthesizeSet as declaration } from '../tasks.ts';

export const synthesizeSet: Run<typeof declaration> = async ({ params, context }) => {
  const directory = join(context.workDirectory, params.set);
  await mkdir(directory);
  await writeSyntheticSet(params.set, directory, {
    ...params,
    signal: context.signal,
    onProgress: (step, of) => context.progress({ step, of }),
  });
  return { files: directory };
};
