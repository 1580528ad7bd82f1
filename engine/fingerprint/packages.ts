import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCode } from '../store/storage-failure.ts';

export interface FoundPackage {
  readonly name: string;
  readonly version: string;
  /** The file that said so; a changed file means to look again. */
  readonly source: string;
}

/** `@scope/name/sub/path` → `@scope/name`. */
export function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/**
 * The version of a package as a module in `directory` sees it: of the nearest `node_modules` above, else of the nearest
 * `package-lock.json`. Undefined if neither knows it.
 */
export function findPackage(name: string, directory: string): FoundPackage | undefined {
  for (const folder of upwards(directory)) {
    const source = join(folder, 'node_modules', name, 'package.json');
    const version = versionIn(readJsonFile(source));
    if (version !== undefined) return { name, version, source };
  }
  for (const folder of upwards(directory)) {
    const source = join(folder, 'package-lock.json');
    const lock = readJsonFile(source);
    const packages: unknown = typeof lock === 'object' && lock !== null && 'packages' in lock ? lock.packages : undefined;
    const version = versionIn(Object(packages)[`node_modules/${name}`]);
    if (version !== undefined) return { name, version, source };
  }
  return undefined;
}

function* upwards(directory: string): Generator<string> {
  for (let folder = directory; ; folder = dirname(folder)) {
    yield folder;
    if (dirname(folder) === folder) return;
  }
}

function versionIn(data: unknown): string | undefined {
  return typeof data === 'object' && data !== null && 'version' in data && typeof data.version === 'string' ? data.version : undefined;
}

const parsed = new Map<string, { mtimeMs: number; data: unknown }>();
function readJsonFile(path: string): unknown {
  const mtimeMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (mtimeMs === undefined) return undefined;
  const known = parsed.get(path);
  if (known?.mtimeMs === mtimeMs) return known.data;
  try {
    const data: unknown = JSON.parse(readFileSync(path, 'utf8'));
    parsed.set(path, { mtimeMs, data });
    return data;
  } catch (error) {
    if (error instanceof SyntaxError || ['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}
