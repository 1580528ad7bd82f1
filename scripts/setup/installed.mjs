/** Where npm put a package: in this package's own node_modules, or, as a dependency, in one further up. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * The folder of an installed package as `root` sees it; the one in which it belongs if it is nowhere.
 * @param {string} root
 * @param {string} name
 * @returns {string}
 */
export function installedFolder(root, name) {
  const places = createRequire(join(root, 'package.json')).resolve.paths(name) ?? [];
  return places.map((place) => join(place, name)).find(existsSync) ?? join(root, 'node_modules', name);
}
