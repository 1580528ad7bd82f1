import { currentFiles } from './segments.ts';
import { type TableName, tableNames, tables } from './tables.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const list = (paths: readonly string[]): string => `[${paths.map(quoted).join(', ')}]`;

/** SQL for all rows of a table as they were written, with `written`; typed even when there is no file at all. */
export function rowsSql(table: TableName, files: { readonly parquet: readonly string[]; readonly segments: readonly string[] }): string {
  const columns = Object.entries(tables[table].columns);
  const written = [...columns, ['written', 'BIGINT'] as const];
  // Times are read as text: a row whose time cannot be read keeps everything else.
  const jsonColumns = written.map(([name, type]) => `${quoted(name)}: ${quoted(type === 'TIMESTAMP' ? 'VARCHAR' : type)}`).join(', ');
  const cast = written.map(([name, type]) => `TRY_CAST("${name}" AS ${type}) AS "${name}"`).join(', ');
  const parts = [`SELECT ${written.map(([name, type]) => `NULL::${type} AS "${name}"`).join(', ')} WHERE false`];
  if (files.parquet.length > 0) parts.push(`SELECT ${cast} FROM read_parquet(${list(files.parquet)}, union_by_name = true)`);
  if (files.segments.length > 0) {
    // A last line that a dying process left unfinished is stepped over.
    parts.push(
      `SELECT ${cast} FROM read_json(${list(files.segments)}, columns = {${jsonColumns}}, format = 'newline_delimited', ignore_errors = true) WHERE written IS NOT NULL`,
    );
  }
  return parts.join('\nUNION ALL\n');
}

/** SQL that makes the views; of rows with the same identity the one written last is shown. */
export function viewsSql(root: string): string {
  return tableNames
    .map((table) => {
      const { identity } = tables[table];
      const rows = rowsSql(table, currentFiles(root, table));
      return `CREATE OR REPLACE TEMP VIEW ${table} AS SELECT * EXCLUDE (written) FROM (${rows})
QUALIFY row_number() OVER (PARTITION BY ${identity.map((name) => `"${name}"`).join(', ')} ORDER BY written DESC) = 1;`;
    })
    .join('\n');
}
