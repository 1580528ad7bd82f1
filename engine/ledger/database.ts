import type { DuckDBConnection, DuckDBValue, JS } from '@duckdb/node-api';

export type LedgerValue = string | number | boolean | null;

/** Runs something on a DuckDB in memory; nothing of it stays. */
export async function withDatabase<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:');
  try {
    const connection = await instance.connect();
    try {
      return await use(connection);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/** Rows as plain JSON values: times as ISO text, whole numbers as numbers where they fit. */
export async function readRows(
  connection: DuckDBConnection,
  sql: string,
  values: readonly LedgerValue[] = [],
): Promise<Record<string, unknown>[]> {
  const parameters: DuckDBValue[] = [...values];
  const reader = await connection.runAndReadAll(sql, parameters);
  return reader.getRowObjectsJS().map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])));
}

function plain(value: JS): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
  return value;
}
