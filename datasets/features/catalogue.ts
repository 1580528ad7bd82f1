/** The catalogue: one Parquet row a clip, written and queried by DuckDB in memory, without a lock. */
import { rm, writeFile } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { SostenutoError } from '../../errors/problem.ts';

export type ColumnType = 'VARCHAR' | 'DOUBLE' | 'BIGINT' | 'BOOLEAN';
export type CatalogueValue = string | number | boolean | null;
export type CatalogueRow = Readonly<Record<string, CatalogueValue | undefined>>;

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
const identifier = (text: string) => `"${text.replaceAll('"', '""')}"`;

async function connect() {
  // One thread keeps the order of rows, and with it the bytes of the file.
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  return { connection: await instance.connect(), instance };
}

/** Writes rows as Parquet with an explicit schema (a guessed one fails where a field is sometimes missing). */
export async function writeCatalogue(
  path: string,
  columns: Readonly<Record<string, ColumnType>>,
  rows: readonly CatalogueRow[],
): Promise<void> {
  const names = Object.keys(columns);
  const unknown = rows.flatMap((row) => Object.keys(row).filter((name) => !names.includes(name)));
  if (unknown.length > 0) throw new RangeError(`columns without a type: ${[...new Set(unknown)].join(', ')}`);
  const lines = `${path}.partial.jsonl`;
  const { connection, instance } = await connect();
  try {
    await writeFile(lines, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const schema = Object.entries(columns).map(([name, type]) => `${quoted(name)}: ${quoted(type)}`);
    const select = names.map(identifier).join(', ');
    await connection.run(
      `COPY (SELECT ${select} FROM read_json(${quoted(lines)}, format = 'newline_delimited', columns = {${schema.join(', ')}})) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`,
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(lines, { force: true });
  }
}

/**
 * Runs a query over a Parquet file, which it sees as the table `catalogue`.
 * @throws SostenutoError CATALOGUE_UNREADABLE with DuckDB's message.
 */
export async function queryCatalogue(path: string, sql = 'SELECT * FROM catalogue'): Promise<Record<string, unknown>[]> {
  const { connection, instance } = await connect();
  try {
    await connection.run(`CREATE VIEW catalogue AS SELECT * FROM read_parquet(${quoted(path)})`);
    const result = await connection.runAndReadAll(sql);
    return result.getRowObjectsJS();
  } catch (cause) {
    throw new SostenutoError(
      {
        code: 'CATALOGUE_UNREADABLE',
        what: 'A catalogue cannot be read',
        where: path,
        found: (cause as Error).message.split('\n')[0] ?? '',
      },
      { cause },
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
