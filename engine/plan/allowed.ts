import type { core, ZodType } from 'zod';

// Says in words what a schema allows. It reads the schema's definition as data, so that a pipeline may bring its own copy of zod.

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value as it stands in a message; long ones are cut. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

const wrappers = new Set(['optional', 'default', 'prefault', 'nullable', 'readonly', 'nonoptional', 'catch']);

function definition(schema: unknown): Record<string, unknown> {
  let def: unknown = isObject(schema) ? schema['def'] : undefined;
  while (isObject(def) && typeof def['type'] === 'string' && wrappers.has(def['type']) && isObject(def['innerType']))
    def = def['innerType']['def'];
  return isObject(def) ? def : {};
}

/** Fields of an object schema; `isOpen` if it takes others too. */
export function shapeOf(schema: unknown): { fields: Record<string, unknown>; isOpen: boolean } | undefined {
  const def = definition(schema);
  if (def['type'] !== 'object' || !isObject(def['shape'])) return undefined;
  const others = definition(def['catchall'])['type'];
  return { fields: def['shape'], isOpen: others !== undefined && others !== 'never' };
}

/** The schema of what lies at a path, as far as it can be followed. */
export function schemaAt(schema: ZodType, path: readonly PropertyKey[]): unknown {
  let at: unknown = schema;
  for (const part of path) {
    const def = definition(at);
    if (def['type'] === 'array') at = def['element'];
    else if (def['type'] === 'record') at = def['valueType'];
    else if (isObject(def['shape']) && typeof part === 'string' && Object.hasOwn(def['shape'], part)) at = def['shape'][part];
    else return undefined;
  }
  return at;
}

const typeWords: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  tuple: 'a list',
};

/** What would have been right, from the issue and, for numbers, all the schema's limits together. */
export function allowedBy(issue: core.$ZodIssue, schema: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
    case 'not_multiple_of':
    case 'too_small':
    case 'too_big':
      return sizeWords(schema) ?? wordsOf(issue);
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ');
    case 'invalid_union':
      return (
        issue.errors
          .map((branch) => branch.map((one) => wordsOf(one)).join(' and '))
          .filter((words, at, all) => all.indexOf(words) === at)
          .join(', or ') || issue.message
      );
    default:
      return issue.message;
  }
}

function wordsOf(issue: core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeWords[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ');
    case 'too_small':
      return `${unit(issue.origin)}${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `${unit(issue.origin)}${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    default:
      return issue.message;
  }
}
const unit = (origin: string): string =>
  origin === 'string' ? 'a text with characters: ' : origin === 'array' ? 'a list with elements: ' : '';

/** "a whole number ≥ 1, a multiple of 2" for a number's schema; undefined for others. */
function sizeWords(schema: unknown): string | undefined {
  const def = definition(schema);
  if (def['type'] !== 'number') return undefined;
  const checks = Array.isArray(def['checks']) ? def['checks'].map(checkOf) : [];
  const isWhole = [def, ...checks].some(({ format }) => format === 'safeint' || format === 'int32' || format === 'uint32');
  const limits = checks.flatMap(({ check, value, inclusive }) => {
    if (check === 'greater_than') return [`${inclusive ? '≥' : '>'} ${value}`];
    if (check === 'less_than') return [`${inclusive ? '≤' : '<'} ${value}`];
    return check === 'multiple_of' ? [`a multiple of ${value}`] : [];
  });
  return [isWhole ? 'a whole number' : 'a number', ...limits].join(limits.length > 0 ? ', ' : '').replace(', ', ' ');
}

function checkOf(check: unknown): Record<string, unknown> {
  const internals: unknown = isObject(check) ? check['_zod'] : undefined;
  return isObject(internals) && isObject(internals['def']) ? internals['def'] : definition(check);
}
