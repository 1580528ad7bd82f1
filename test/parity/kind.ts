import { expect } from 'vitest';
import type { StoredTensors } from './stored-tensors.ts';

export type Check = () => void | Promise<void>;
/** What is checked of one case, by title. A string in place of a check says why this part cannot be checked yet. */
export type Checks = Readonly<Record<string, Check | string>>;

/** Cases that one test understands: all that differs between them it reads from the case itself. */
export interface Kind {
  readonly name: string;
  /** Paths below the directory of fixtures. Of a kind that comes first in the list, if several fit. */
  readonly cases: RegExp;
  /** Other files of a case; they make none by themselves. */
  readonly beside?: RegExp;
  /** `path`: the case's file. Reads it at once, so that each check gets a test of its own. */
  checks(path: string): Checks;
}

/** Cases of one file: what stands before `/out/` in the names of its expected values; '' for the file itself. */
export const scopesOf = ({ names }: StoredTensors): string[] => [
  ...new Set(names.map((name) => name.match(/^(?:(.*)\/)?out\//)).flatMap((match) => (match ? [match[1] ?? ''] : []))),
];

/** One check for each scope, and last that together they have read every tensor of the file. */
export function everyScope(stored: StoredTensors, check: (scope: string) => void | Promise<void>, scopes = scopesOf(stored)): Checks {
  return complete(stored, Object.fromEntries(scopes.map((scope) => [scope || 'values', () => check(scope)])));
}

export const complete = (stored: StoredTensors, checks: Checks): Checks => ({
  ...checks,
  'nothing in it is left out': () => expect(stored.unread()).toEqual([]),
});
