import { readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { FIXTURES } from '../models/network/fixture.ts';
import type { Kind } from './kind.ts';

/** The directory that is checked: `FIXTURES`, taken from where the command was typed, or the one of this repository. */
export const directory = process.env['FIXTURES'] ? resolve(process.env['INIT_CWD'] ?? '.', process.env['FIXTURES']) : FIXTURES;
export const isDefault = directory === resolve(FIXTURES);

export interface Sorted {
  /** Files of each kind, by its name. */
  readonly cases: ReadonlyMap<string, readonly string[]>;
  /** Files that nobody reads. */
  readonly unknown: readonly string[];
}

/** Pages for people, and the list of a folder's tensors. */
const ABOUT = /(?:^|\/)(?:README\.md|TENSORS\.md|index\.json)$/;

/** Sorts the files below a directory by the first kind that knows them. A folder such as `network` may be given by itself. */
export function sortCases(root: string, kinds: readonly Kind[]): Sorted {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const cases = new Map<string, string[]>();
  const unknown: string[] = [];
  for (const file of files) {
    const name = join(basename(root), file.slice(root.length + 1));
    if (ABOUT.test(name)) continue;
    const kind = kinds.find((kind) => kind.cases.test(name) || kind.beside?.test(name));
    if (kind?.cases.test(name)) cases.set(kind.name, [...(cases.get(kind.name) ?? []), file]);
    else if (!kind) unknown.push(file);
  }
  return { cases, unknown };
}
