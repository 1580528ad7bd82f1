import { link, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StoredTree } from '../engine/define/ports.ts';
import type { TaskContext } from '../engine/define/task.ts';

/** Path of a file of a tree. */
export function pathOf(tree: StoredTree, name: string): string {
  const path = tree.files.get(name);
  if (path === undefined) throw new RangeError(`no ${name} among ${[...tree.files.keys()].join(', ')}`);
  return path;
}

/**
 * The tree as a folder inside the work directory, for code that reads folders. Its files are second names of those in the store where the disk is the
 * same: onnxruntime follows no symbolic link out of a folder.
 */
export async function folderOf(context: TaskContext, tree: StoredTree, name: string): Promise<string> {
  const folder = join(context.workDirectory, name);
  for (const [relative, path] of tree.files) {
    const place = join(folder, relative);
    await mkdir(dirname(place), { recursive: true });
    await link(path, place).catch(() => symlink(path, place));
  }
  return folder;
}
