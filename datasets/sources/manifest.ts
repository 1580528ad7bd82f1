/**
 * Manifests: one row a clip, as JSON Lines, a JSON list, or CSV with a header, read in pieces. Every problem of a file is listed, each
 * with its row; paths stay inside the manifest's root, also through symbolic links.
 */
import { dirname, extname } from 'node:path';
import { z } from 'zod';
import { type Problem, SostenutoError } from '../../errors/problem.ts';
import { readTable, wrongColumns } from './csv.ts';
import { readElements } from './json-elements.ts';
import { refusedPath } from './paths.ts';
import { readLines } from './text.ts';

const path = z.string().min(1);
/** One clip; paths are relative to the manifest's root. */
export const clipRow = z.strictObject({
  /** Stable name: letters, digits, `-`, `_` and `.`; it decides the shard and must be unique. */
  id: z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/, 'letters, digits, "-", "_", "."; at most 200, not beginning with a dot'),
  split: z.enum(['train', 'validation', 'test']),
  caption: z.string().max(2000),
  /** Sound, or video with sound. */
  media: path,
  /** Uncompressed sound of the clip, if it exists apart from `media`. */
  audio: path.optional(),
  midi: path.optional(),
  /** Further camera views by name. */
  views: z.record(z.string(), path).optional(),
  /** Where the clip begins in its files. Default 0. */
  start: z.number().min(0).optional(),
  seconds: z.number().positive().optional(),
  label: z.string().optional(),
  /** Clips of one piece by different pianists form preference pairs. */
  piece: z.string().optional(),
  pianist: z.string().optional(),
  /** The video that it was cut from, so that no test clip is trained on under another name. */
  youtube: z.string().optional(),
  /** When it was made, ISO 8601: decides the windows of time in which it is evaluated. */
  time: z.union([z.iso.datetime({ offset: true }), z.iso.date()], 'a time such as 2026-11-28T09:30:00Z, or a day').optional(),
});
export type ClipRow = z.infer<typeof clipRow>;
const numbers = ['start', 'seconds'];

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

interface RawRow {
  readonly row: number;
  readonly value: unknown;
}

/** Rows of a file as they stand there. @throws SostenutoError MANIFEST_MISSING, MANIFEST_ENCODING, MANIFEST_FORMAT, MANIFEST_COLUMNS */
async function* readRows(file: string): AsyncGenerator<RawRow | { readonly problem: Problem }> {
  const extension = extname(file).toLowerCase();
  if (extension === '.csv') yield* readClipTable(file);
  else if (extension === '.jsonl' || extension === '.ndjson') yield* readJsonLines(file);
  else if (extension === '.json') yield* readElements(file);
  else
    throw new SostenutoError(
      problem('MANIFEST_FORMAT', 'A manifest has an unknown format', file, {
        found: extension || 'no extension',
        expected: '.jsonl, .json or .csv',
      }),
    );
}

/** JSON Lines; a line that is none is a problem of its own. */
export async function* readJsonLines(file: string): AsyncGenerator<RawRow | { readonly problem: Problem }> {
  for await (const { line, text } of readLines(file)) {
    if (text.trim() === '') continue;
    try {
      yield { row: line, value: JSON.parse(text) };
    } catch (error) {
      const details = { found: excerpt(text), hint: (error as Error).message };
      yield { problem: problem('MANIFEST_ROW', 'A line is not JSON', `${file}:${line}`, details) };
    }
  }
}

const columns = Object.keys(clipRow.shape).filter((name) => name !== 'views');

async function* readClipTable(file: string): AsyncGenerator<RawRow | { readonly problem: Problem }> {
  const check = (header: readonly string[]) => {
    const unknown = header.filter((name) => !columns.includes(name));
    const missing = ['id', 'split', 'caption', 'media'].filter((name) => !header.includes(name));
    if (unknown.length === 0 && missing.length === 0) return;
    const said = [
      missing.length > 0 ? `without ${missing.join(', ')}` : '',
      unknown.length > 0 ? `with unknown ${unknown.join(', ')}` : '',
    ];
    const expected = `a first line with id, split, caption, media; optional ${columns.slice(4).join(', ')}`;
    throw wrongColumns(file, header, expected, ` (${said.filter(Boolean).join('; ')})`);
  };
  for await (const found of readTable(file, check)) {
    if ('problem' in found) yield found;
    else {
      const entries = Object.entries(found.values).filter(([, value]) => value !== '');
      const value = Object.fromEntries(entries.map(([name, field]) => [name, numbers.includes(name) ? Number(field) : field]));
      yield { row: found.row, value: { caption: '', ...value } };
    }
  }
}

const excerpt = (text: string) => (text.length > 80 ? `${text.slice(0, 77)}…` : text);

/**
 * Reads and checks a manifest. Rows with a problem are left out and listed; a file that cannot be taken apart at all throws.
 * @throws SostenutoError MANIFEST_MISSING, MANIFEST_ENCODING, MANIFEST_FORMAT, MANIFEST_COLUMNS or MANIFEST_EMPTY.
 */
export async function readManifest(file: string, options: ManifestOptions = {}): Promise<Manifest> {
  const root = options.root ?? dirname(file);
  const rows: ManifestRow[] = [];
  const problems: Problem[] = [];
  const seen = new Map<string, number>();
  for await (const raw of readRows(file)) {
    if ('problem' in raw) {
      problems.push(raw.problem);
      continue;
    }
    const { row, value } = raw;
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
  if (rows.length === 0 && problems.length === 0)
    throw new SostenutoError(problem('MANIFEST_EMPTY', 'A manifest has no rows', file, { expected: 'one row a clip' }));
  return { rows, problems };
}

type MediaPaths = {
  readonly media: string;
  readonly audio?: string | undefined;
  readonly midi?: string | undefined;
  readonly views?: Readonly<Record<string, string>> | undefined;
};

/** Every file that a row names, with the field that names it. */
export function pathsOf(clip: MediaPaths): [field: string, path: string][] {
  const found: [string, string | undefined][] = [
    ['media', clip.media],
    ['audio', clip.audio],
    ['midi', clip.midi],
    ...Object.entries(clip.views ?? {}).map(([view, name]): [string, string] => [`views.${view}`, name]),
  ];
  return found.filter((entry): entry is [string, string] => entry[1] !== undefined);
}

/** What zod says of a value, without what was found, which is told beside it. */
const plainly = (message: string): string =>
  message.replace(/^Invalid [a-z]+: expected |^Too \w+: expected /, '').replace(/, received .*$/, '');

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
    expected: plainly(issue.message),
  });
}
