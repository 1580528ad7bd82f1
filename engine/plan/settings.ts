import type { ZodType } from 'zod';
import { type Problem, SostenutoError } from '../../errors/problem.ts';
import type { Pipeline } from '../define/pipeline.ts';
import { allowedBy, isObject, schemaAt, shapeOf, shown } from './allowed.ts';
import { nearest } from './nearest.ts';

/**
 * Settings of a run: the preset, the person's settings merged deeply over it, then checked and defaulted by the schema.
 * Throws one error with every problem: unknown preset, unknown fields (also where the schema would drop them), wrong values.
 */
export function resolveSettings<Settings>(
  pipeline: Pipeline<Settings>,
  request: { readonly preset?: string; readonly settings?: unknown },
): { preset: string; settings: Settings } {
  const names = Object.keys(pipeline.presets);
  const preset = request.preset ?? names[0] ?? 'default';
  const problems: Problem[] = [];
  if (request.preset !== undefined && !names.includes(request.preset)) problems.push(unknownPreset(pipeline.name, request.preset, names));
  const given = request.settings ?? {};
  if (!isObject(given)) {
    problems.push({
      code: 'BAD_SETTING',
      what: 'The settings are not an object.',
      where: 'settings',
      found: shown(given),
      expected: 'fields by name',
    });
    throw new SostenutoError(problems);
  }
  // With an unknown preset the settings are still checked, over the default one: all mistakes are told at once.
  const merged = mergeDeep(pipeline.presets[names.includes(preset) ? preset : (names[0] ?? '')] ?? {}, given);
  problems.push(...unknownFields(pipeline.settings, merged, []));
  const parsed = pipeline.settings.safeParse(merged);
  for (const issue of parsed.error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') continue;
    const path = issue.path;
    problems.push({
      code: 'BAD_SETTING',
      what: `The setting "${dotted(path)}" has a value that is not allowed.`,
      where: dotted(path),
      found: shown(valueAt(merged, path)),
      expected: allowedBy(issue, schemaAt(pipeline.settings, path)),
    });
  }
  if (problems.length > 0 || !parsed.success) throw new SostenutoError(problems);
  return { preset, settings: parsed.data };
}

/** Objects are merged field by field; everything else, lists too, is replaced. */
export function mergeDeep(base: unknown, change: unknown): unknown {
  if (!isObject(base) || !isObject(change)) return change === undefined ? base : change;
  const merged: Record<string, unknown> = Object.assign(Object.create(null), base);
  for (const [name, value] of Object.entries(change)) merged[name] = mergeDeep(merged[name], value);
  return { ...merged };
}

function unknownPreset(pipeline: string, found: string, names: readonly string[]): Problem {
  const close = nearest(found, names);
  return {
    code: 'UNKNOWN_PRESET',
    what: `Pipeline "${pipeline}" has no preset of that name.`,
    where: 'preset',
    found,
    expected: names.length === 0 ? 'no preset at all' : names.join(', '),
    ...(close === undefined ? {} : { hint: `Did you mean "${close}"?` }),
  };
}

function unknownFields(schema: ZodType, value: unknown, path: readonly PropertyKey[]): Problem[] {
  const found = schemaAt(schema, path);
  if (found === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((element, index) => unknownFields(schema, element, [...path, index]));
  const shape = shapeOf(found);
  if (shape === undefined || !isObject(value)) return [];
  return Object.entries(value).flatMap(([name, field]) => {
    if (Object.hasOwn(shape.fields, name)) return unknownFields(schema, field, [...path, name]);
    return shape.isOpen ? [] : [unknownField([...path, name], field, Object.keys(shape.fields))];
  });
}

function unknownField(path: readonly PropertyKey[], value: unknown, known: readonly string[]): Problem {
  const close = nearest(String(path.at(-1)), known);
  return {
    code: 'UNKNOWN_SETTING',
    what: `There is no setting "${dotted(path)}".`,
    where: dotted(path),
    found: shown(value),
    expected: known.join(', '),
    ...(close === undefined ? {} : { hint: `Did you mean "${dotted([...path.slice(0, -1), close])}"?` }),
  };
}

function dotted(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'settings';
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`)).join('');
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, part) => (typeof at === 'object' && at !== null ? Reflect.get(at, part) : undefined), value);
}
