import { relative } from 'node:path';
import { describe, it } from 'vitest';
import { directory, sortCases } from './cases.ts';
import type { Checks, Kind } from './kind.ts';

/** Declares a test for every check of every case of these kinds in the directory. */
export function checkCases(kinds: readonly Kind[]): void {
  const { cases } = sortCases(directory, kinds);
  for (const kind of kinds) {
    for (const path of cases.get(kind.name) ?? []) describe(relative(directory, path), () => declare(kind, path));
  }
  // A set without any of these kinds is reported by the test of the directory; vitest wants a test in every file.
  if (cases.size === 0) it.skip(`[optional: no case in this directory] ${kinds.map(({ name }) => name).join(', ')}`, () => {});
}

function declare(kind: Kind, path: string): void {
  let checks: Checks;
  try {
    checks = kind.checks(path);
  } catch (error) {
    it('can be read', () => {
      throw error;
    });
    return;
  }
  for (const [title, check] of Object.entries(checks)) {
    if (typeof check === 'string') it.skip(`[optional: ${check}] ${title}`, () => {});
    else it(title, check);
  }
}
