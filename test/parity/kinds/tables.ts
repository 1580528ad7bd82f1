import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect } from 'vitest';
import { queryCatalogue } from '../../../datasets/features/catalogue.ts';
import { openVectorColumn } from '../../../datasets/features/vector-column.ts';
import { fromHalfBits } from '../../../numeric/float16.ts';
import type { Check, Kind } from '../kind.ts';
import { openTensors } from '../stored-tensors.ts';

/** A value in the words of the fixture: wide integers, times and bytes are written in another way there. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return value.getTime();
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
  return value;
}
/** Integers are compared as text, so that none is rounded. */
const asText = (value: unknown): string =>
  JSON.stringify(plain(value), (_, part: unknown) => (Number.isInteger(part) ? String(part) : part));

async function checkParquet(path: string): Promise<void> {
  const { rows }: { rows: Record<string, unknown>[] } = JSON.parse(readFileSync(join(dirname(path), 'expected.json'), 'utf8'));
  const found = await queryCatalogue(path);
  expect(found.length).toBe(rows.length);
  for (const [i, row] of rows.entries())
    for (const [column, value] of Object.entries(row)) expect(asText(found[i]?.[column]), `${column} of row ${i}`).toBe(asText(value));
}

function readColumn(path: string, column: string): number[] {
  const open = openVectorColumn(path, column);
  try {
    return open.batchRows.flatMap((count, batch) => [...open.read(batch, 0, count)]);
  } finally {
    open.close();
  }
}

function checkArrow(path: string): void {
  const stored = openTensors(join(dirname(path), 'expected.safetensors'));
  expect(readColumn(path, 'embedding')).toEqual([...stored.array('embedding').data]);
  expect(readColumn(path, 'half_list')).toEqual([...fromHalfBits(Uint16Array.from(stored.array('half_list').data))]);
  expect(stored.unread()).toEqual([]);
}

const refused = (path: string) =>
  expect(() => readColumn(path, 'embedding')).toThrow(expect.objectContaining({ code: 'SHARD_UNREADABLE' }));

/** By the file's name, first match: what must become of it. */
const OUTCOMES: [RegExp, string, (path: string) => void | Promise<void>][] = [
  [/^truncated\.parquet$/, 'is refused', (path) => expect(queryCatalogue(path)).rejects.toMatchObject({ code: 'CATALOGUE_UNREADABLE' })],
  [/\.parquet$/, 'has the rows of the reference', checkParquet],
  [/^truncated\.arrow$/, 'is refused', refused],
  [/\.(?:lz4|zstd)\.arrow$|\.arrows$/, 'is refused: shards are read in place, uncompressed', refused],
  [/^empty_rows/, 'has no row', (path) => expect(readColumn(path, 'embedding')).toEqual([])],
  [/\.arrow$/, 'has the vectors of the reference', checkArrow],
];

export const tables: Kind = {
  name: 'tables',
  cases: /(?:^|\/)tables\/[^/]+\.(?:parquet|arrows?)$/,
  beside: /(?:^|\/)tables\/expected\.(?:json|safetensors)$/,
  checks: (path) => {
    const [, title, check] = OUTCOMES.find(([pattern]) => pattern.test(basename(path))) ?? expect.fail(`${path} has no outcome`);
    const checks: Record<string, Check> = { [title]: () => check(path) };
    return checks;
  },
};
