import type { Fingerprint } from '../fingerprint/fingerprint.ts';
import { canonicalJson } from '../keys/keys.ts';

/** A place in a JSON value that differs; `from` or `to` is left out where there was or is nothing. */
export interface Difference {
  /** Dotted, empty for the value itself. */
  readonly path: string;
  readonly from?: unknown;
  readonly to?: unknown;
}

/** The smallest parts that differ between two JSON values, in the order of the paths. */
export function differences(from: unknown, to: unknown, path = ''): Difference[] {
  if (from === undefined && to === undefined) return [];
  if (from === undefined) return [{ path, to }];
  if (to === undefined) return [{ path, from }];
  if (!isNested(from) || !isNested(to) || Array.isArray(from) !== Array.isArray(to)) {
    return canonicalJson(from) === canonicalJson(to) ? [] : [{ path, from, to }];
  }
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  if (!Array.isArray(from)) names.sort();
  return names.flatMap((name) =>
    differences(
      ownValue(from, name),
      ownValue(to, name),
      Array.isArray(from) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`,
    ),
  );
}

/** Own only: a key may be named like something every object inherits, such as `toString`. */
const ownValue = (value: object, name: string): unknown => (Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined);

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;

export interface FileChange {
  readonly file: string;
  readonly change: 'changed' | 'added' | 'removed';
  readonly from?: string;
  readonly to?: string;
}

/** Modules and packages that differ between two fingerprints; if none does, the bundle as a whole is named. */
export function fileChanges(from: Fingerprint, to: Fingerprint): FileChange[] {
  const files = [...new Set([...Object.keys(from.modules), ...Object.keys(to.modules)])].sort();
  const changes = files.flatMap((file): FileChange[] => {
    const [before, after] = [from.modules[file], to.modules[file]];
    if (before === after) return [];
    const change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
    return [{ file, change, ...(before !== undefined && { from: before }), ...(after !== undefined && { to: after }) }];
  });
  return changes.length > 0 ? changes : [{ file: '(bundle)', change: 'changed', from: from.digest, to: to.digest }];
}
