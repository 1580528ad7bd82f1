import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const NAMES = /^(?:licen[cs]e|copying)(?:\.(?:txt|md))?$/i;

/** What a set on disk says of its terms: the first line of its licence file that says something. Nothing where it has none. */
export function licenceIn(root: string): string | undefined {
  try {
    const name = readdirSync(root)
      .sort()
      .find((entry) => NAMES.test(entry));
    if (name === undefined) return undefined;
    const line = readFileSync(join(root, name), 'utf8')
      .slice(0, 4096)
      .split('\n')
      .find((text) => /\w/.test(text));
    return line
      ?.replace(/^[\s#*=-]+/, '')
      .trim()
      .slice(0, 120);
  } catch {
    return undefined; // A root that cannot be read is told by whoever reads it.
  }
}
