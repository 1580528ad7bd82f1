import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';

/** Writes a file that is still whole after a power cut, once it has been renamed to its last name. */
export function writeSynced(path: string, content: string | Uint8Array): void {
  const file = openSync(path, 'w');
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
