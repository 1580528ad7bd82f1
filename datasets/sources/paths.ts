import { lstatSync, realpathSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';

/** The reason where nothing is wrong but that the file is not there. */
export const NO_FILE = 'there is no such file';

/**
 * Says why a relative path may not be used, or undefined if it may: it must be relative, stay below the root also after
 * following symbolic links, and name a regular file.
 */
export function refusedPath(root: string, name: string): string | undefined {
  if (name.includes('\0')) return 'it contains a zero byte';
  if (isAbsolute(name) || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(name) || name.startsWith('\\')) return 'it is not relative';
  const full = resolve(root, name);
  const inside = (child: string, parent: string) => {
    const way = relative(parent, child);
    return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  };
  if (!inside(full, resolve(root))) return 'it leaves the root';
  try {
    const real = realpathSync(full);
    if (!inside(real, realpathSync(root))) return 'a symbolic link leads out of the root';
    if (!lstatSync(real).isFile()) return 'it is not a regular file';
  } catch {
    return NO_FILE;
  }
  return undefined;
}
