import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoints } from '../../../models/training/checkpoints.ts';

/** Checkpoints as plain folders, for tests: the engine's are atomic and checked. */
export function folderCheckpoints(root: string): Checkpoints & { steps(): Promise<number[]>; readonly scores: Map<number, number> } {
  const scores = new Map<number, number>();
  const steps = async () => (await readdir(root).catch(() => [])).map(Number).sort((a, b) => a - b);
  return {
    steps,
    scores,
    async latest() {
      const step = (await steps()).at(-1);
      if (step === undefined) return undefined;
      const directory = join(root, String(step));
      return { step, directory, state: JSON.parse(await readFile(join(directory, 'state.json'), 'utf8')) };
    },
    async save(step, state, write, score) {
      if (score !== undefined) scores.set(step, score);
      const temporary = join(root, '..', `writing-${step}`);
      await mkdir(temporary, { recursive: true });
      await write(temporary);
      await writeFile(join(temporary, 'state.json'), JSON.stringify(state));
      await cp(temporary, join(root, String(step)), { recursive: true });
      await rm(temporary, { recursive: true });
    },
  };
}
