import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLease } from '../leases/leases.ts';
import { syncFolder } from '../store/durable-writer.ts';
import { temporaryPath } from '../store/layout.ts';
import { withDatabase } from './database.ts';
import { type Compacted, filesOf, makeFolders, readCompacted, sealAbandoned, tableFolder } from './segments.ts';
import { type TableName, tableNames, tables } from './tables.ts';
import { rowsSql } from './views.ts';

export interface Compaction {
  /** Rows that went into Parquet, by table. */
  readonly rows: Partial<Record<TableName, number>>;
  /** True if another process was at it. */
  readonly isBusy: boolean;
}

/** More Parquet files than this are made into one. */
const parquetFiles = 8;

/**
 * Moves the rows of sealed segments into Parquet. Others may write and read meanwhile: open segments are left alone, and a
 * reader sees the rows once, because one file says which Parquet files count and which segments they stand for. Segments
 * are deleted by the next compaction, when no reader can hold an older list.
 */
export async function compactLedger(root: string): Promise<Compaction> {
  makeFolders(root, ['leases', 'tmp', ...tableNames]);
  const lease = await acquireLease({ root }, 'compaction', { owner: `process ${process.pid}`, ttlMs: 10 * 60_000 });
  if (!('token' in lease)) return { rows: {}, isBusy: true };
  try {
    const before = readCompacted(root);
    const rows: Partial<Record<TableName, number>> = {};
    const after: Compacted['tables'] = {};
    for (const table of tableNames) {
      removeReplaced(root, table, before);
      sealAbandoned(root, table, Date.now());
      const result = await compactTable(root, table, before.tables[table]?.parquet ?? []);
      after[table] = { parquet: result.parquet, replaced: result.replaced };
      if (result.rows > 0) rows[table] = result.rows;
    }
    await lease.check();
    replaceFile(root, join(root, 'compacted.json'), JSON.stringify({ format: 1, tables: after } satisfies Compacted));
    await syncFolder(root);
    return { rows, isBusy: false };
  } finally {
    await lease.release();
  }
}

function removeReplaced(root: string, table: TableName, before: Compacted): void {
  const { parquet = [], replaced = [] } = before.tables[table] ?? {};
  for (const name of replaced) rmSync(join(tableFolder(root, table), name), { force: true });
  for (const name of filesOf(root, table, '.parquet'))
    if (!parquet.includes(name)) rmSync(join(tableFolder(root, table), name), { force: true });
}

async function compactTable(
  root: string,
  table: TableName,
  parquet: readonly string[],
): Promise<{ parquet: readonly string[]; replaced: string[]; rows: number }> {
  const sealed = filesOf(root, table, '.jsonl').filter((name) => !name.endsWith('.open.jsonl'));
  if (sealed.length === 0) return { parquet, replaced: [], rows: 0 };
  const merged = parquet.length >= parquetFiles ? parquet : [];
  const at = (name: string) => join(tableFolder(root, table), name);
  const temporary = temporaryPath(root);
  const rows = await withDatabase(async (connection) => {
    const source = rowsSql(table, { parquet: merged.map(at), segments: sealed.map(at) });
    const { identity } = tables[table];
    const newest = `SELECT * FROM (${source}) QUALIFY row_number() OVER (PARTITION BY ${identity.map((name) => `"${name}"`).join(', ')} ORDER BY written DESC) = 1 ORDER BY written`;
    await connection.run(`COPY (${newest}) TO '${temporary.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd)`);
    const counted = await connection.runAndReadAll(`SELECT count(*)::INTEGER FROM read_parquet('${temporary.replaceAll("'", "''")}')`);
    return Number(counted.getRows()[0]?.[0] ?? 0);
  });
  syncFile(temporary);
  const name = `${Date.now().toString(36).padStart(9, '0')}-${process.pid}.parquet`;
  renameSync(temporary, at(name));
  await syncFolder(tableFolder(root, table));
  return { parquet: [...parquet.filter((old) => !merged.includes(old)), name], replaced: sealed, rows };
}

function replaceFile(root: string, path: string, text: string): void {
  const temporary = temporaryPath(root);
  writeFileSync(temporary, text);
  syncFile(temporary);
  renameSync(temporary, path);
}

function syncFile(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}
