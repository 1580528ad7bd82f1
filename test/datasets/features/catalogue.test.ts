import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queryCatalogue, writeCatalogue } from '../../../datasets/features/catalogue.ts';

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
