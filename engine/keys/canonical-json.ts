import { SostenutoError } from '../../errors/problem.ts';

/**
 * The one text of a JSON value (RFC 8785): object keys sorted by UTF-16 code units, no blanks, numbers as ECMAScript prints
 * them, fields that are `undefined` left out. Throws `NOT_JSON` with the path for anything JSON cannot carry exactly.
 */
export function canonicalJson(value: unknown): string {
  return write(value, '', new Set());
}

function write(value: unknown, path: string, parents: Set<object>): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw notJson(path, String(value), 'a finite number');
    return JSON.stringify(value);
  }
  if (typeof value !== 'object') throw notJson(path, typeof value, 'a JSON value');
  if (parents.has(value)) throw notJson(path, 'a value that contains itself', 'a tree of values');
  parents.add(value);
  const text = Array.isArray(value) ? writeArray(value, path, parents) : writeObject(value, path, parents);
  parents.delete(value);
  return text;
}

function writeArray(values: readonly unknown[], path: string, parents: Set<object>): string {
  let text = '';
  for (let index = 0; index < values.length; index++) text += (index === 0 ? '' : ',') + write(values[index], `${path}[${index}]`, parents);
  return `[${text}]`;
}

function writeObject(value: object, path: string, parents: Set<object>): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) {
    throw notJson(path, `a ${value.constructor?.name ?? 'class instance'}`, 'a plain object or array');
  }
  let text = '';
  for (const key of Object.keys(value).sort()) {
    const field: unknown = Reflect.get(value, key);
    if (field === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${write(field, path === '' ? key : `${path}.${key}`, parents)}`;
  }
  return `{${text}}`;
}

function notJson(path: string, found: string, expected: string): SostenutoError {
  return new SostenutoError({
    code: 'NOT_JSON',
    what: 'A value cannot be written as JSON.',
    where: path === '' ? 'the value itself' : path,
    found,
    expected,
  });
}
