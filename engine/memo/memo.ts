import { readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Something on disk that was made from files; good as long as each of them has the same size and time of change. */
interface Memo<T> {
  readonly files: readonly (readonly [path: string, bytes: number, changedNs: string])[];
  readonly value: T;
}

/** What was made from the files, if none has changed since. Costs a look at each. */
export function readMemo<T>(path: string): T | undefined {
  try {
    const memo: Memo<T> = JSON.parse(readFileSync(path, 'utf8'));
    const isFresh = memo.files.every(([file, bytes, changedNs]) => {
      const found = statSync(file, { bigint: true, throwIfNoEntry: false });
      return found !== undefined && Number(found.size) === bytes && String(found.mtimeNs) === changedNs;
    });
    return isFresh ? memo.value : undefined;
  } catch {
    return undefined; // None yet, or damaged: it is made anew.
  }
}

/**
 * Keeps a value that was made from the files after `startedMs`. A file that changed at that time or later may have been read before
 * or after its change, so then nothing is kept. Failing to keep is no failure.
 */
export async function writeMemo(path: string, files: Iterable<string>, value: unknown, startedMs: number): Promise<void> {
  const stats: [string, number, string][] = [];
  for (const file of new Set(files)) {
    const found = statSync(file, { bigint: true, throwIfNoEntry: false });
    if (found === undefined || Number(found.mtimeMs) >= startedMs - 20) return;
    stats.push([file, Number(found.size), String(found.mtimeNs)]);
  }
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, JSON.stringify({ files: stats, value } satisfies Memo<unknown>));
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
  }
}
