import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StoredTree } from '../engine/define/ports.ts';
import type { TaskContext } from '../engine/define/task.ts';

/** Path of a file of a tree. */
export function pathOf(tree: StoredTree, name: string): string {
  const path = tree.files.get(name);
  if (path === undefined) throw new RangeError(`no ${name} among ${[...tree.files.keys()].join(', ')}`);
  return path;
}

/** The tree as a folder of links inside the work directory, for code that reads folders. */
export async function folderOf(context: TaskContext, tree: StoredTree, name: string): Promise<string> {
  const folder = join(context.workDirectory, name);
  for (const [relative, path] of tree.files) {
    const link = join(folder, relative);
    await mkdir(dirname(link), { recursive: true });
    await symlink(path, link);
  }
  return folder;
}
