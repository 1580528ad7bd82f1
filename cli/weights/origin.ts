import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Where the files of a folder came from, and their digests; written once all of them are there and right. */
const origin = z.strictObject({
  repository: z.string(),
  revision: z.string(),
  licence: z.string(),
  files: z.record(z.string(), z.strictObject({ bytes: z.int().min(0), sha256: z.string() })),
});
export type Origin = z.infer<typeof origin>;

const pathIn = (folder: string) => join(folder, 'origin.json');

/** What `weights fetch` has written of a folder; nothing of one that came another way. */
export function readOrigin(folder: string): Origin | undefined {
  if (!existsSync(pathIn(folder))) return undefined;
  try {
    return origin.safeParse(JSON.parse(readFileSync(pathIn(folder), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

export const writeOrigin = (folder: string, value: Origin): void => writeFileSync(pathIn(folder), `${JSON.stringify(value, null, 2)}\n`);
