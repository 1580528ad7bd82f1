import type { Problem } from '../../errors/problem.ts';

export interface Csv {
  readonly header: readonly string[];
  readonly rows: readonly { readonly line: number; readonly fields: readonly string[] }[];
  readonly problems: Problem[];
}

/** Comma-separated values after RFC 4180: quoted fields may hold commas, doubled quotes and line ends. Lines of another width are problems. */
export function parseCsv(text: string, where: string): Csv {
  const records: { line: number; fields: string[] }[] = [];
  const problems: Problem[] = [];
  let fields: string[] = [];
  let field = '';
  let isQuoted = false;
  let line = 1;
  let start = 1;
  const endRecord = () => {
    fields.push(field);
    if (fields.length > 1 || fields[0] !== '') records.push({ line: start, fields });
    fields = [];
    field = '';
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '\n') line++;
    if (isQuoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') {
        field += '"';
        at++;
      } else isQuoted = false;
    } else if (character === '"' && field === '') isQuoted = true;
    else if (character === ',') {
      fields.push(field);
      field = '';
    } else if (character === '\n') {
      if (field.endsWith('\r')) field = field.slice(0, -1);
      endRecord();
      start = line;
    } else field += character;
  }
  if (isQuoted) problems.push({ code: 'MANIFEST_ROW', what: 'A quoted field never ends', where: `${where}:${start}` });
  else if (field !== '' || fields.length > 0) endRecord();
  const [first, ...rest] = records;
  const header = (first?.fields ?? []).map((name) => name.trim());
  const rows = rest.filter(({ line: at, fields: found }) => {
    if (found.length === header.length) return true;
    problems.push({
      code: 'MANIFEST_ROW',
      what: 'A line has another number of fields than the header',
      where: `${where}:${at}`,
      found: `${found.length} fields`,
      expected: `${header.length} (${header.join(', ')})`,
    });
    return false;
  });
  return { header, rows, problems };
}
