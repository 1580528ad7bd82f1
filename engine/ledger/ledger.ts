import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SostenutoError } from '../../errors/problem.ts';
import { type Compaction, compactLedger } from './compact.ts';
import { type LedgerValue, readRows, withDatabase } from './database.ts';
import { appendLines, currentFiles, makeFolders, newSegment, seal, tableFolder } from './segments.ts';
import { type LedgerRows, type TableName, tableNames, tables } from './tables.ts';
import { viewsSql } from './views.ts';

export type { Compaction } from './compact.ts';
export type { ArtifactRow, JudgmentRow, LedgerRows, MetricRow, NodeRow, RunRow, ScoreRow, TableName } from './tables.ts';

/** SQL that makes a view, by its name. */
export type Views = Readonly<Record<string, string>>;

/** What happened, as rows: append-only, readable by any process at any time, without a lock. */
export interface Ledger {
  readonly root: string;
  /** Takes rows into memory; `flush` makes them visible. Throws `BAD_ROW` for an unknown column. */
  append<Name extends TableName>(table: Name, rows: readonly LedgerRows[Name][]): void;
  /** Resolves when every row is on disk. */
  flush(): Promise<void>;
  /** Runs SQL over the views runs, nodes, artifacts, metrics, judgments, models, aliases, scores, as they are now on disk, and over others that SQL by their names makes beforehand. */
  query(sql: string, values?: readonly LedgerValue[], others?: Views): Promise<Record<string, unknown>[]>;
  /** Whether the table has no rows on disk, told without a database. */
  isEmpty(table: TableName): boolean;
  /** Moves finished segments into Parquet, while others go on writing. */
  compact(): Promise<Compaction>;
  /** Flushes and seals what this process wrote. It may go on appending: that begins a new segment. */
  close(): Promise<void>;
}

export function openLedger(home: string): Ledger {
  const root = resolve(home, 'ledger');
  const buffers = new Map<TableName, string[]>();
  const segments = new Map<TableName, string>();
  let last = 0;
  const nextWritten = () => (last = Math.max(last + 1, Date.now() * 1000));

  function append<Name extends TableName>(table: Name, rows: readonly LedgerRows[Name][]): void {
    const lines = buffers.get(table) ?? [];
    buffers.set(table, lines);
    for (const row of rows) {
      checkColumns(table, row);
      lines.push(`${JSON.stringify({ ...row, written: nextWritten() })}\n`);
    }
  }

  async function flush(): Promise<void> {
    for (const [table, lines] of buffers) {
      if (lines.length === 0) continue;
      makeFolders(root, [table]);
      const segment = segments.get(table) ?? join(tableFolder(root, table), newSegment());
      appendLines(segment, lines.join(''));
      segments.set(table, segment);
      lines.length = 0;
    }
  }

  async function close(): Promise<void> {
    await flush();
    for (const segment of segments.values()) if (existsSync(segment)) seal(segment);
    segments.clear();
  }

  async function query(sql: string, values: readonly LedgerValue[] = [], others: Views = {}): Promise<Record<string, unknown>[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await withDatabase(async (connection) => {
          await connection.run(viewsSql(root) + Object.values(others).join('\n'));
          return await readRows(connection, sql, values);
        });
      } catch (error) {
        // A writer sealed its segment, or a compaction tidied up, after the files were listed: list again.
        const isGone = error instanceof Error && /No files found|No such file|Cannot open file/i.test(error.message);
        if (!isGone || attempt === 5) throw queryFailure(error, sql, Object.keys(others));
      }
    }
  }

  function isEmpty(table: TableName): boolean {
    const { parquet, segments: written } = currentFiles(root, table);
    return parquet.length + written.length === 0;
  }

  async function compact(): Promise<Compaction> {
    await close();
    return compactLedger(root);
  }

  return { root, append, flush, query, isEmpty, compact, close };
}

function checkColumns(table: TableName, row: object): void {
  const unknown = Object.keys(row).filter((name) => !Object.hasOwn(tables[table].columns, name));
  if (unknown.length === 0) return;
  throw new SostenutoError({
    code: 'BAD_ROW',
    what: `Table "${table}" of the ledger has no such column.`,
    where: table,
    found: unknown.join(', '),
    expected: Object.keys(tables[table].columns).join(', '),
  });
}

function queryFailure(error: unknown, sql: string, views: readonly string[]): unknown {
  if (!(error instanceof Error)) return error;
  // The column is one of the format, and a word of DuckDB's SQL.
  const quoting = /(?<![."\w])at(?!["\w])/i.test(sql) && error.message.includes('syntax error') ? 'The column at is written "at". ' : '';
  const hint = `${quoting}Tables: ${[...tableNames, ...views].join(', ')}. Columns: \`DESCRIBE runs\`.`;
  return new SostenutoError(
    { code: 'BAD_QUERY', what: `The query cannot be answered: ${error.message}`, where: sql, hint },
    { cause: error },
  );
}
