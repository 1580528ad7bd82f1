import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, storageFailure } from './storage-failure.ts';

/** Makes a folder and those above it. Throws `STORE_FULL` or `STORE_READ_ONLY`. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw storageFailure(errorCode(error) === 'ENOENT' ? realReason(path, error) : error, path);
  }
}

/** A recursive mkdir on a read-only disk says "no such file"; making the first missing folder alone says why. */
function realReason(path: string, fallback: unknown): unknown {
  let missing = path;
  while (!existsSync(dirname(missing)) && dirname(missing) !== missing) missing = dirname(missing);
  try {
    mkdirSync(missing);
    return fallback;
  } catch (error) {
    return error;
  }
}
