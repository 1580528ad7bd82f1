import { type Problem, SostenutoError } from '../../errors/problem.ts';
import { endlessRow, LONGEST_ROW, readText } from './text.ts';

/** A record with the line on which it begins, from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}
export interface Csv {
  readonly header: readonly string[];
  readonly rows: readonly CsvRecord[];
  readonly problems: Problem[];
}

/** Takes text piece by piece (RFC 4180: quoted fields may hold commas, doubled quotes and line ends); gives the records that ended in it. */
function recordReader(where: string) {
  let fields: string[] = [];
  let field = '';
  /** `closing`: a quote was seen inside a quoted field; the next character says whether it ends the field. */
  let state: 'plain' | 'quoted' | 'closing' = 'plain';
  let line = 1;
  let start = 1;
  let length = 0;
  let records: CsvRecord[] = [];
  const endRecord = () => {
    fields.push(field);
    if (fields.length > 1 || fields[0] !== '') records.push({ line: start, fields });
    fields = [];
    field = '';
    length = 0;
  };
  const take = (character: string) => {
    if (state === 'quoted') {
      if (character === '"') state = 'closing';
      else field += character;
      return;
    }
    if (state === 'closing') {
      state = character === '"' ? 'quoted' : 'plain';
      if (character === '"') {
        field += '"';
        return;
      }
    }
    if (character === '"' && field === '') state = 'quoted';
    else if (character === ',') {
      fields.push(field);
      field = '';
    } else if (character === '\n') {
      if (field.endsWith('\r')) field = field.slice(0, -1);
      endRecord();
      start = line;
    } else field += character;
  };
  return {
    push(text: string): CsvRecord[] {
      records = [];
      for (const character of text) {
        if (character === '\n') line++;
        if (++length > LONGEST_ROW) throw endlessRow(where, start);
        take(character);
      }
      return records;
    },
    /** The last record, or what is wrong with it. */
    end(): { readonly records: readonly CsvRecord[]; readonly problem?: Problem } {
      records = [];
      if (state === 'quoted')
        return { records, problem: { code: 'MANIFEST_ROW', what: 'A quoted field never ends', where: `${where}:${start}` } };
      if (field !== '' || fields.length > 0) endRecord();
      return { records };
    },
  };
}

const widthProblem = ({ line, fields }: CsvRecord, columns: readonly string[], where: string): Problem => ({
  code: 'MANIFEST_ROW',
  what: 'A line has another number of fields than the header',
  where: `${where}:${line}`,
  found: `${fields.length} fields`,
  expected: `${columns.length} (${columns.join(', ')})`,
});

/** A whole text with a header. Lines of another width are problems. */
export function parseCsv(text: string, where: string): Csv {
  const reader = recordReader(where);
  const [first, ...rest] = reader.push(text);
  const { records, problem } = reader.end();
  const all = first === undefined ? [...records] : [first, ...rest, ...records];
  const header = (all.shift()?.fields ?? []).map((name) => name.trim());
  const problems = problem === undefined ? [] : [problem];
  const rows = all.filter((record) => {
    if (record.fields.length === header.length) return true;
    problems.push(widthProblem(record, header, where));
    return false;
  });
  return { header, rows, problems };
}

/** A row of a table by its columns' names, or what is wrong with it. */
export type TableRow = { readonly row: number; readonly values: Readonly<Record<string, string>> } | { readonly problem: Problem };

/**
 * Rows of a CSV file, read in pieces.
 * @param columns of a file without a header, in their order; or a check of the header, which throws
 * @throws SostenutoError what `readText` throws; MANIFEST_COLUMNS where a file without a header begins with a row of another width
 */
export async function* readTable(
  path: string,
  columns: readonly string[] | ((header: readonly string[]) => void),
): AsyncGenerator<TableRow> {
  const reader = recordReader(path);
  let names = typeof columns === 'function' ? undefined : columns;
  const rowOf = (record: CsvRecord): TableRow[] => {
    if (names === undefined) {
      names = record.fields.map((name) => name.trim());
      if (typeof columns === 'function') columns(names);
      return [];
    }
    if (record.line === 1 && record.fields.length !== names.length)
      throw wrongColumns(path, record.fields, `${names.join(', ')}, without a header`);
    if (record.fields.length !== names.length) return [{ problem: widthProblem(record, names, path) }];
    const { fields } = record;
    return [{ row: record.line, values: Object.fromEntries(names.map((name, index) => [name, fields[index] ?? ''])) }];
  };
  for await (const piece of readText(path)) for (const record of reader.push(piece)) yield* rowOf(record);
  const { records, problem } = reader.end();
  for (const record of records) yield* rowOf(record);
  if (problem) yield { problem };
}

export const wrongColumns = (where: string, found: readonly string[], expected: string, said = '') =>
  new SostenutoError({
    code: 'MANIFEST_COLUMNS',
    what: 'A table has the wrong columns',
    where,
    found: `${found.join(', ').slice(0, 300)}${said}`,
    expected,
  });

/** A check that a header has these columns, among others perhaps. */
export const requireColumns =
  (path: string, columns: readonly string[]) =>
  (header: readonly string[]): void => {
    const missing = columns.filter((name) => !header.includes(name));
    if (missing.length > 0) throw wrongColumns(path, header, columns.join(', '), ` (without ${missing.join(', ')})`);
  };
