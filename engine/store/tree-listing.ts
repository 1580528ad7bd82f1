import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import { isDigest } from './layout.ts';

/** A directory in the store: its files, sorted by name. Empty directories, times and modes are not kept. */
export interface TreeListing {
  readonly files: readonly TreeEntry[];
}
export interface TreeEntry {
  /** Relative, with `/`. */
  readonly name: string;
  readonly digest: string;
  readonly bytes: number;
}

/** True for a relative name that stays inside its directory on every system. */
export function isSafeName(name: string): boolean {
  if (name === '' || name.includes('\\') || name.includes('\0') || name.startsWith('/')) return false;
  return name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** Names of the regular files below a directory, sorted. Links, devices and unsafe names are refused (`TREE_UNSAFE`). */
export async function listFiles(directory: string): Promise<string[]> {
  const names: string[] = [];
  const walk = async (prefix: string): Promise<void> => {
    for (const entry of await readdir(join(directory, prefix), { withFileTypes: true })) {
      const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) await walk(name);
      else if (!entry.isFile()) throw unsafe(directory, name, entry.isSymbolicLink() ? 'a symbolic link' : 'neither file nor directory');
      else if (!isSafeName(name)) throw unsafe(directory, name, 'a name with a backslash');
      else names.push(name);
    }
  };
  const root = await lstat(directory);
  if (!root.isDirectory()) throw unsafe(directory, '.', 'not a directory');
  await walk('');
  return names.sort();
}

/** Reads a listing that came from disk; throws `TREE_UNSAFE` if a name would leave the tree or a field is missing. */
export function parseListing(text: string, where: string): TreeListing {
  const listing: unknown = JSON.parse(text);
  const files: unknown = typeof listing === 'object' && listing !== null && 'files' in listing ? listing.files : undefined;
  if (!Array.isArray(files)) throw unsafe(where, '.', 'no list of files');
  for (const entry of files) {
    const { name, digest, bytes }: Partial<Record<string, unknown>> = Object(entry);
    if (typeof name !== 'string' || !isSafeName(name)) throw unsafe(where, String(name), 'a name outside the tree');
    if (!isDigest(digest) || !Number.isSafeInteger(bytes)) throw unsafe(where, name, 'no digest or size');
  }
  return { files };
}

function unsafe(where: string, name: string, found: string): SostenutoError {
  return new SostenutoError({
    code: 'TREE_UNSAFE',
    what: `The directory cannot be stored or opened as a tree because of "${name}".`,
    where,
    found,
    expected: 'regular files with relative names that stay inside the directory',
  });
}
