import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Check } from './check.ts';

const GB = 1e9;
/** Below it the demo cannot end; below the second, nothing bigger can. */
const DISK = { least: 1 * GB, comfortable: 5 * GB };

/** Writes, syncs and renames a file where the store lies: all that the store itself does. */
export function checkStore(home: string): Check {
  const folder = join(home, 'store');
  const path = join(folder, `.doctor-${process.pid}`);
  try {
    mkdirSync(folder, { recursive: true });
    const file = openSync(path, 'w');
    try {
      writeSync(file, 'writable');
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(path, `${path}.renamed`);
    return { name: 'store', status: 'ok', found: `${folder} is writable` };
  } catch (error) {
    const found = `${folder}: ${error instanceof Error ? error.message : String(error)}`;
    return { name: 'store', status: 'fail', found, fix: 'make it writable, or set SOSTENUTO_HOME to a folder that is' };
  } finally {
    for (const name of [path, `${path}.renamed`]) removeQuietly(name);
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Its folder may not even be one; the check has said so.
  }
}

export function checkDisk(home: string, freeBytes: (folder: string) => number = freeBytesOf): Check {
  const free = freeBytes(nearestFolder(home));
  const status = free < DISK.least ? 'fail' : free < DISK.comfortable ? 'warn' : 'ok';
  return {
    name: 'free disk',
    status,
    found: `${(free / GB).toFixed(1)} GB at ${home}`,
    fix: '`sostenuto gc` removes what no kept run needs',
  };
}

const freeBytesOf = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
};

function nearestFolder(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearestFolder(dirname(path));
}

/** The demo's codec is shipped with the package. */
export function checkWeights(packageRoot: string): Check {
  const folder = join(packageRoot, 'models', 'codec', 'weights');
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.safetensors')) : [];
  const place = relative(packageRoot, folder);
  if (files.length > 0) return { name: 'weights', status: 'ok', found: files.map((name) => join(place, name)).join(', ') };
  return {
    name: 'weights',
    status: 'fail',
    found: `no *.safetensors in ${place}`,
    fix: 'git checkout -- models/codec/weights, or train them: `sostenuto run codec`',
  };
}
