import { constants } from 'node:fs';
import { copyFile, link, mkdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Run } from '../../../engine/define/task.ts';
import { encoderFiles, onnxParts } from '../../../models/encoders/describe.ts';
import { checkOnnx } from '../../../models/encoders/onnx/check.ts';
import { checkEncoder, type EncoderParams, encoderMissing, isThere } from '../encoders.ts';
import type { importCodecFolder as declaration } from '../tasks.ts';

/** Takes an encoder into the store: the digests of its files are part of the key of every feature made by it. Throws as `takeEncoder`. */
export const importEncoder: Run<typeof declaration> = async ({ params, context }) => {
  const encoder = join(context.workDirectory, 'encoder');
  await takeEncoder(params, encoder);
  return { encoder };
};

/**
 * Checks an encoder's folder and brings the files that decide what it gives to another place. Throws `ENCODER_MISSING`, `ENCODER_CONFIG`,
 * `ENCODER_WEIGHTS`, `TOKENIZER_INVALID`, `SAFETENSORS_INVALID`, `ONNX_RUNTIME_MISSING`, `ONNX_INVALID`.
 */
export async function takeEncoder({ role, folder }: EncoderParams, to: string): Promise<void> {
  if (!isThere(folder)) throw encoderMissing(role, folder);
  await checkEncoder(folder, role);
  for (const name of encoderFiles(folder, role)) {
    await mkdir(dirname(join(to, name)), { recursive: true });
    await bring(join(folder, name), join(to, name));
  }
  // There, since onnxruntime follows no symbolic link out of a folder, and folders of downloads are full of them.
  await checkOnnx(to, folder, onnxParts(role));
}

/** The store makes the copy that stays; here a second name is enough, where the disk allows one. */
export async function bring(from: string, to: string): Promise<void> {
  const file = await realpath(from);
  await link(file, to).catch(() => copyFile(file, to, constants.COPYFILE_FICLONE));
}
