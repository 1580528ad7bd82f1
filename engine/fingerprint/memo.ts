import { readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Fingerprint } from './fingerprint.ts';

/** Fingerprints on disk, good as long as every file they came from has the same size and time of change. */
interface Memo {
  readonly files: readonly (readonly [path: string, bytes: number, changedNs: string])[];
  readonly fingerprints: Readonly<Record<string, Fingerprint>>;
}

export function readMemo(path: string): Record<string, Fingerprint> | undefined {
  try {
    const memo: Memo = JSON.parse(readFileSync(path, 'utf8'));
    const isFresh = memo.files.every(([file, bytes, changedNs]) => {
      const found = statSync(file, { bigint: true, throwIfNoEntry: false });
      return found !== undefined && Number(found.size) === bytes && String(found.mtimeNs) === changedNs;
    });
    return isFresh ? memo.fingerprints : undefined;
  } catch {
    return undefined; // None yet, or damaged: it is taken anew.
  }
}

/**
 * Keeps fingerprints that were taken after `startedMs`. A file that changed at that time or later may have been read before
 * or after its change, so then nothing is kept. Failing to keep is no failure.
 */
export async function writeMemo(
  path: string,
  files: readonly string[],
  fingerprints: Readonly<Record<string, Fingerprint>>,
  startedMs: number,
): Promise<void> {
  const stats: [string, number, string][] = [];
  for (const file of files) {
    const found = statSync(file, { bigint: true, throwIfNoEntry: false });
    if (found === undefined || Number(found.mtimeMs) >= startedMs - 20) return;
    stats.push([file, Number(found.size), String(found.mtimeNs)]);
  }
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, JSON.stringify({ files: stats, fingerprints } satisfies Memo));
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
  }
}
