import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Run, TaskContext } from '../../../engine/define/task.ts';
import { SostenutoError } from '../../../errors/problem.ts';
import type * as declarations from './given-tasks.ts';

export const takeModel: Run<typeof declarations.takeModel> = async ({ params, context }) => ({ model: await take(context, params.digest) });

export const takePredictor: Run<typeof declarations.takePredictor> = async ({ params, context }) => ({
  predictor: await take(context, params.digest),
});

/** Copies a tree of the store, so that the node has it as its own output: it stays for as long as the run is kept. */
async function take(context: TaskContext, digest: string): Promise<string> {
  // Of a tree's reference only the digest is needed to open it.
  const { files } = await context.openTree({ form: 'tree', digest, bytes: 0 }).catch((cause: unknown) => {
    throw new SostenutoError(
      {
        code: 'WEIGHTS_NOT_IMPORTED',
        what: 'The model that the run shall start from is not in the store.',
        where: `weights, ${digest}`,
        found: cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause),
        hint: 'sostenuto weights import <file> --stage <node>, and its digest as the setting',
      },
      { cause },
    );
  });
  const folder = join(context.workDirectory, 'model');
  for (const [name, path] of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await copyFile(path, join(folder, name));
  }
  return folder;
}
