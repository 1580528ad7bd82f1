import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { readSource, type SourceKind } from '../../../datasets/sources/read-source.ts';

export const base = mkdtempSync(join(tmpdir(), 'sostenuto-sources-'));
afterAll(() => rmSync(base, { recursive: true }));

let made = 0;
/** A folder with these files: text for lists, nothing for media. */
export function folderWith(lists: Readonly<Record<string, string | Uint8Array>>, media: readonly string[] = []): string {
  const root = join(base, `set-${made++}`);
  const files: [string, string | Uint8Array][] = [...Object.entries(lists), ...media.map((path): [string, string] => [path, 'x'])];
  for (const [path, content] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}
export const read = (kind: SourceKind, lists: Readonly<Record<string, string | Uint8Array>>, media: readonly string[] = []) =>
  readSource(kind, folderWith(lists, media));
export const lines = (...rows: unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
