import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Digest of names, sizes and ages of all files below a folder: enough to notice that something was added, taken away or changed, without
 * reading it. A folder that is not there, or a link that leads nowhere, has a state, too.
 */
export function folderState(root: string): string {
  const hash = createHash('sha256');
  const walk = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else {
        const { size = -1, mtimeMs = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {};
        hash.update(`${path.slice(root.length)}\0${size} ${Math.round(mtimeMs)}\n`);
      }
    }
  };
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() === true) walk(root);
  return hash.digest('hex');
}
