import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Artifact } from '../../../engine/define/ports.ts';
import type { TaskContext } from '../../../engine/define/task.ts';
import { sha256 } from '../../../engine/keys/keys.ts';

/** Size and times of a file as text, and what it held then. */
type Known = readonly [state: string, artifact: Artifact];

export interface KnownFiles {
  put(path: string): Promise<Artifact>;
  keep(): Promise<void>;
}

/** A file that changed so shortly before it was read may change again within the clock's step. */
const SETTLED_MS = 2000;

/**
 * Stores files of a source. One with the size and times that it had in an earlier ingest is not read again if the store still has its content, which
 * goes into keys as before. `keep` writes down what is known; without that everything is read.
 */
export async function openKnownFiles(context: TaskContext, root: string): Promise<KnownFiles> {
  const memo = join(context.home, 'ingest', `${sha256(root)}.json`);
  const known = new Map<string, Known>(
    await readFile(memo, 'utf8')
      .then((text) => JSON.parse(text))
      .catch(() => []),
  );
  const stateOf = async (path: string) => {
    const { size, mtimeNs, ctimeNs, mtimeMs } = await stat(path, { bigint: true });
    return { state: `${size} ${mtimeNs} ${ctimeNs}`, changedMs: Number(mtimeMs) };
  };
  return {
    async put(path: string): Promise<Artifact> {
      const [begun, { state, changedMs }] = [Date.now(), await stateOf(path)];
      const [before, artifact] = known.get(path) ?? [];
      const stored = await context.putFile(path, before === state ? artifact : undefined);
      const isSettled = changedMs < begun - SETTLED_MS && (await stateOf(path)).state === state;
      if (isSettled) known.set(path, [state, stored]);
      else known.delete(path);
      return stored;
    },
    async keep(): Promise<void> {
      await mkdir(dirname(memo), { recursive: true });
      const temporary = `${memo}.${process.pid}.tmp`;
      await writeFile(temporary, JSON.stringify([...known]));
      await rename(temporary, memo);
    },
  };
}
