/**
 * Manifests: one row a clip, as JSON Lines, a JSON list, or CSV with a header. Every problem of a file is listed, each
 * with its row; paths stay inside the manifest's root, also through symbolic links.
 */
import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, extname, isAbsolute, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { type Problem, SostenutoError } from '../../errors/problem.ts';
import { parseCsv } from './csv.ts';

const path = z.string().min(1);
/** One clip; paths are relative to the manifest's root. */
export const clipRow = z.strictObject({
  /** Stable name: letters, digits, `-`, `_` and `.`; it decides the shard and must be unique. */
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/, 'letters, digits, "-", "_", "."; at most 200, beginning with a letter or digit'),
  split: z.enum(['train', 'validation', 'test']),
  caption: z.string().max(2000),
  /** Sound, or video with sound. */
  media: path,
  /** Uncompressed sound of the clip, if it exists apart from `media`. */
  audio: path.optional(),
  midi: path.optional(),
  /** Further camera views by name. */
  views: z.record(z.string(), path).optional(),
  seconds: z.number().positive().optional(),
  label: z.string().optional(),
  /** Clips of one piece by different pianists form preference pairs. */
  piece: z.string().optional(),
  pianist: z.string().optional(),
});
export type ClipRow = z.infer<typeof clipRow>;

export interface ManifestOptions {
  /** Directory that no path may leave. Default: where the manifest lies. */
  readonly root?: string;
  /** Finds the file of a row's path; default looks on disk below the root. For manifests inside a store's tree. */
  readonly locate?: (path: string) => string | undefined;
}
export interface ManifestRow extends ClipRow {
  /** Where the row stands: line or element, from 1. */
  readonly row: number;
}
export interface Manifest {
  readonly rows: readonly ManifestRow[];
  /** Rows left out, with the reason; empty if the manifest is sound. */
  readonly problems: readonly Problem[];
}

const problem = (code: string, what: string, where: string, details: Omit<Problem, 'code' | 'what' | 'where'> = {}): Problem => ({
  code,
  what,
  where,
  ...details,
});

/** UTF-8 with or without a byte order mark; anything else is refused rather than guessed. */
export function decodeText(bytes: Uint8Array, where: string): string {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  try {
    if (isUtf16) throw new TypeError('a UTF-16 byte order mark');
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SostenutoError(
      problem('MANIFEST_ENCODING', 'A manifest is not UTF-8 text', where, {
        found: isUtf16 ? 'UTF-16' : 'bytes that are no UTF-8',
        expected: 'UTF-8',
        hint: `convert it: iconv -f ${isUtf16 ? 'UTF-16' : 'LATIN1'} -t UTF-8`,
      }),
      { cause },
    );
  }
}

interface RawRow {
  readonly row: number;
  readonly value: unknown;
}

function parseRows(text: string, extension: string, where: string): { raw: RawRow[]; problems: Problem[] } {
  const problems: Problem[] = [];
  if (extension === '.jsonl' || extension === '.ndjson') {
    const raw: RawRow[] = [];
    text.split(/\r?\n/).forEach((line, index) => {
      if (line.trim() === '') return;
      try {
        raw.push({ row: index + 1, value: JSON.parse(line) });
      } catch (error) {
        problems.push(
          problem('MANIFEST_ROW', 'A line is not JSON', `${where}:${index + 1}`, {
            found: excerpt(line),
            hint: String((error as Error).message),
          }),
        );
      }
    });
    return { raw, problems };
  }
  if (extension === '.json') {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new SostenutoError(problem('MANIFEST_FORMAT', 'A manifest is not JSON', where, { found: (error as Error).message }), {
        cause: error,
      });
    }
    if (!Array.isArray(value))
      throw new SostenutoError(
        problem('MANIFEST_FORMAT', 'A manifest is not a list', where, { found: typeof value, expected: 'a JSON list of clips' }),
      );
    return { raw: value.map((element, index) => ({ row: index + 1, value: element })), problems };
  }
  if (extension === '.csv') return parseTable(text, where);
  throw new SostenutoError(
    problem('MANIFEST_FORMAT', 'A manifest has an unknown format', where, {
      found: extension || 'no extension',
      expected: '.jsonl, .json or .csv',
    }),
  );
}

const columns = Object.keys(clipRow.shape).filter((name) => name !== 'views');

function parseTable(text: string, where: string): { raw: RawRow[]; problems: Problem[] } {
  const { header, rows, problems } = parseCsv(text, where);
  const unknown = header.filter((name) => !columns.includes(name));
  const missing = ['id', 'split', 'caption', 'media'].filter((name) => !header.includes(name));
  if (unknown.length > 0 || missing.length > 0) {
    const said = [
      missing.length > 0 ? `without ${missing.join(', ')}` : '',
      unknown.length > 0 ? `with unknown ${unknown.join(', ')}` : '',
    ];
    throw new SostenutoError(
      problem('MANIFEST_COLUMNS', 'A table has the wrong columns', where, {
        found: `${header.join(', ')} (${said.filter(Boolean).join('; ')})`,
        expected: `id, split, caption, media; optional ${columns.slice(4).join(', ')}`,
        hint: 'the first line must name the columns',
      }),
    );
  }
  const raw = rows.map(({ line, fields }) => {
    const entries = header.map((name, index) => [name, fields[index] ?? ''] as const).filter(([, value]) => value !== '');
    const value = Object.fromEntries(entries.map(([name, field]) => [name, name === 'seconds' ? Number(field) : field]));
    return { row: line, value: { caption: '', ...value } };
  });
  return { raw, problems };
}

const excerpt = (text: string) => (text.length > 80 ? `${text.slice(0, 77)}…` : text);

/**
 * Says why a relative path may not be used, or undefined if it may: it must be relative, stay below the root also after
 * following symbolic links, and name a regular file.
 */
export function refusedPath(root: string, name: string): string | undefined {
  if (name.includes('\0')) return 'it contains a zero byte';
  if (isAbsolute(name) || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(name) || name.startsWith('\\')) return 'it is not relative';
  const full = resolve(root, name);
  const inside = (child: string, parent: string) => {
    const way = relative(parent, child);
    return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  };
  if (!inside(full, resolve(root))) return 'it leaves the root';
  try {
    const real = realpathSync(full);
    if (!inside(real, realpathSync(root))) return 'a symbolic link leads out of the root';
    if (!lstatSync(real).isFile()) return 'it is not a regular file';
  } catch {
    return 'there is no such file';
  }
  return undefined;
}

/**
 * Reads and checks a manifest. Rows with a problem are left out and listed; a file that cannot be taken apart at all throws.
 * @throws SostenutoError MANIFEST_MISSING, MANIFEST_ENCODING, MANIFEST_FORMAT, MANIFEST_COLUMNS or MANIFEST_EMPTY.
 */
export function readManifest(file: string, options: ManifestOptions = {}): Manifest {
  const root = options.root ?? dirname(file);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new SostenutoError(
      problem('MANIFEST_MISSING', 'A manifest cannot be opened', file, { found: (cause as NodeJS.ErrnoException).code ?? 'unknown error' }),
      { cause },
    );
  }
  const { raw, problems } = parseRows(decodeText(bytes, file), extname(file).toLowerCase(), file);
  if (raw.length === 0 && problems.length === 0) {
    throw new SostenutoError(
      problem('MANIFEST_EMPTY', 'A manifest has no rows', file, { found: `${bytes.length} bytes`, expected: 'one row a clip' }),
    );
  }
  const rows: ManifestRow[] = [];
  const seen = new Map<string, number>();
  for (const { row, value } of raw) {
    const where = `${file}:${row}`;
    const parsed = clipRow.safeParse(value);
    if (!parsed.success) {
      for (const issue of parsed.error.issues) problems.push(describeIssue(issue, value, where));
      continue;
    }
    const clip = parsed.data;
    const first = seen.get(clip.id);
    if (first !== undefined) {
      problems.push(
        problem('MANIFEST_DUPLICATE', `The clip "${clip.id}" stands twice`, where, {
          found: `also in row ${first}`,
          expected: 'unique ids',
        }),
      );
      continue;
    }
    seen.set(clip.id, row);
    const refused = pathsOf(clip).flatMap(([field, name]) => {
      const reason = options.locate ? (options.locate(name) === undefined ? 'there is no such file' : undefined) : refusedPath(root, name);
      return reason === undefined
        ? []
        : [
            problem('MANIFEST_PATH', `A path of the clip "${clip.id}" cannot be used: ${reason}`, where, {
              found: `${field}: ${excerpt(name)}`,
              expected: `a file below ${root}`,
            }),
          ];
    });
    problems.push(...refused);
    if (refused.length === 0) rows.push({ ...clip, row });
  }
  return { rows, problems };
}

/** Every file that a row names, with the field that names it. */
export function pathsOf(clip: ClipRow): [field: string, path: string][] {
  const found: [string, string | undefined][] = [
    ['media', clip.media],
    ['audio', clip.audio],
    ['midi', clip.midi],
    ...Object.entries(clip.views ?? {}).map(([view, name]): [string, string] => [`views.${view}`, name]),
  ];
  return found.filter((entry): entry is [string, string] => entry[1] !== undefined);
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown, where: string): Problem {
  const field = issue.path.join('.');
  let found: unknown = value;
  for (const name of issue.path)
    found = typeof found === 'object' && found !== null ? (found as Record<PropertyKey, unknown>)[name] : undefined;
  if (issue.code === 'unrecognized_keys') {
    return problem('MANIFEST_COLUMNS', 'A row has unknown fields', where, {
      found: issue.keys.join(', '),
      expected: Object.keys(clipRow.shape).join(', '),
    });
  }
  return problem('MANIFEST_ROW', field === '' ? 'A row is not a clip' : `The field "${field}" is wrong`, where, {
    found: found === undefined ? 'nothing' : excerpt(JSON.stringify(found)),
    expected: issue.message,
  });
}
