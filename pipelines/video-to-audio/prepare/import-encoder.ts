import { constants } from 'node:fs';
import { copyFile, link, mkdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Run } from '../../../engine/define/task.ts';
import { encoderFiles } from '../../../models/encoders/describe.ts';
import { checkEncoder, encoderMissing, isThere } from '../encoders.ts';
import type { importCodecFolder as declaration } from '../tasks.ts';

/**
 * Checks an encoder's folder and takes the files that decide what it gives into the store: their digests are part of the key of every feature made by it.
 * Throws `ENCODER_MISSING`, `ENCODER_CONFIG`, `ENCODER_WEIGHTS`, `TOKENIZER_INVALID`, `SAFETENSORS_INVALID`.
 */
export const importEncoder: Run<typeof declaration> = async ({ params, context }) => {
  const { role, folder } = params;
  if (!isThere(folder)) throw encoderMissing(role, folder);
  await checkEncoder(folder, role);
  const encoder = join(context.workDirectory, 'encoder');
  for (const name of encoderFiles(folder, role)) {
    await mkdir(dirname(join(encoder, name)), { recursive: true });
    await bring(await realpath(join(folder, name)), join(encoder, name));
  }
  return { encoder };
};

/** The store makes the copy that stays; here a second name is enough, where the disk allows one. */
const bring = (from: string, to: string): Promise<void> => link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE));
