import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queryCatalogue, writeCatalogue } from '../../../datasets/features/catalogue.ts';
import { fixture, readJson } from '../fixtures.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sostenuto-catalogue-'));
});
afterAll(() => rm(directory, { recursive: true }));

const columns = { id: 'VARCHAR', frames: 'BIGINT', seconds: 'DOUBLE', held: 'BOOLEAN' } as const;
const rows = [
  { id: "d'accord", frames: 3, seconds: 0.5, held: true },
  { id: 'Glöckchen "hell"', frames: null },
];

describe('the catalogue', () => {
  it('is Parquet with the given columns, also where a value is missing', async () => {
    const path = join(directory, "it's.parquet");
    await writeCatalogue(path, columns, rows);
    expect(await queryCatalogue(path, 'SELECT * FROM catalogue ORDER BY id DESC')).toEqual([
      { id: "d'accord", frames: 3n, seconds: 0.5, held: true },
      { id: 'Glöckchen "hell"', frames: null, seconds: null, held: null },
    ]);
    expect(await readdir(directory)).toEqual(["it's.parquet"]);
  });

  it('keeps its columns without a row', async () => {
    const path = join(directory, 'empty.parquet');
    await writeCatalogue(path, columns, []);
    expect(await queryCatalogue(path)).toEqual([]);
    expect((await queryCatalogue(path, 'DESCRIBE SELECT * FROM catalogue')).map((column) => column.column_name)).toEqual(
      Object.keys(columns),
    );
  });

  it('has the same bytes when written twice', async () => {
    const many = Array.from({ length: 5000 }, (_, i) => ({ id: `clip-${i}`, frames: i }));
    for (const name of ['one', 'two']) await writeCatalogue(join(directory, name), columns, many);
    expect((await readFile(join(directory, 'one'))).equals(await readFile(join(directory, 'two')))).toBe(true);
  });

  it('refuses a column without a type', async () => {
    await expect(writeCatalogue(join(directory, 'x'), columns, [{ id: 'a', colour: 'red' }])).rejects.toThrowError(
      /without a type: colour/,
    );
  });
});

describe("other people's Parquet", () => {
  const expected = readJson<{ rows: Record<string, unknown>[] } | Record<string, unknown>[]>('tables/expected.json');
  const want = Array.isArray(expected) ? expected : expected.rows;
  it.each(['none', 'snappy', 'lz4', 'zstd', 'gzip', 'plain_v1'])('features.%s.parquet', async (name) => {
    const found = await queryCatalogue(fixture(`tables/features.${name}.parquet`));
    expect(found.length).toBe(want.length);
    found.forEach((row, index) => {
      if ('embedding' in row) expect(row.embedding).toEqual(want[index]?.embedding);
    });
  });
  it('a cut file is refused', async () => {
    await expect(queryCatalogue(fixture('tables/truncated.parquet'))).rejects.toMatchObject({ code: 'CATALOGUE_UNREADABLE' });
  });
});
