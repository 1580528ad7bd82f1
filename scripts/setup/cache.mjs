/** What takes minutes to get is kept once for a person, named by its digest; all projects on a disk share its bytes. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { copyFile, link, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { partialName } from './lock.mjs';

/**
 * `$XDG_CACHE_HOME/sostenuto`, else `~/.cache/sostenuto`; where that cannot be written, a folder beside the tools.
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {string} tools
 * @returns {string}
 */
export function cacheFolder(env, tools) {
  const folder = join(env['XDG_CACHE_HOME'] ? resolve(env['XDG_CACHE_HOME']) : join(homedir(), '.cache'), 'sostenuto');
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return folder;
  } catch {
    return join(tools, 'cache');
  }
}

/** Gives a file a second place without a second copy, or with one where the disk is another. Whole or absent. @param {string} from @param {string} to */
export async function share(from, to) {
  const partial = partialName(to);
  await mkdir(dirname(to), { recursive: true });
  await rm(partial, { force: true });
  await link(from, partial).catch(() => copyFile(from, partial, constants.COPYFILE_FICLONE));
  await rename(partial, to);
  await rm(partial, { force: true }); // renaming does nothing if both are the same file already
}
