import { writeFile } from 'node:fs/promises';

export type CatalogueRow = Readonly<Record<string, string | number | boolean | null>>;

/** A string as a SQL literal. */
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/**
 * Writes rows as Parquet. Columns and their DuckDB types are given, so that an empty or sparse table keeps its schema.
 * @param scratch path of a file that may be overwritten
 */
export async function writeCatalogue(
  path: string,
  columns: Readonly<Record<string, string>>,
  rows: readonly CatalogueRow[],
  scratch: string,
): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  await writeFile(scratch, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const schema = Object.entries(columns).map(([name, type]) => `${quoted(name)}: ${quoted(type)}`);
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  try {
    const source = `read_json(${quoted(scratch)}, format = 'newline_delimited', columns = {${schema.join(', ')}})`;
    await connection.run(`COPY (SELECT * FROM ${source}) TO ${quoted(path)} (FORMAT parquet)`);
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}
