import type { Command } from 'commander';
import { SostenutoError } from '../../errors/problem.ts';
import { print, printJson, say, tableLines } from '../output.ts';

export function declare(command: Command): void {
  command
    .argument(
      '[query]',
      'SQL over the views runs, nodes, artifacts, metrics, judgments, models, aliases, clips, features; default: from stdin',
    )
    .addHelpText(
      'after',
      `
Examples:
  sostenuto sql "SELECT run, pipeline, status, seconds FROM runs ORDER BY startedAt DESC LIMIT 10"
  sostenuto sql "SELECT step, value FROM metrics WHERE name = 'loss' ORDER BY step"
  sostenuto sql "SELECT split, count(*) AS clips, sum(seconds) AS seconds FROM clips WHERE reason IS NULL GROUP BY split"
  sostenuto sql "SELECT feature, count(DISTINCT shard) AS shards, sum(rows) AS rows FROM features GROUP BY feature"
  sostenuto sql --json "SELECT count(*) AS n FROM nodes WHERE cache = 'hit'"`,
    )
    .action(ask);
}

/** Only then the results of the cache are looked through. */
const MENTIONS_FEATURES = /\b(?:clips|features)\b/i;

async function ask(given: string | undefined, options: { json?: boolean }): Promise<void> {
  const query = given ?? (process.stdin.isTTY ? '' : await fromStdin());
  if (query.trim() === '')
    throw new SostenutoError({
      code: 'BAD_USAGE',
      what: 'There is no query.',
      where: 'sostenuto sql',
      found: 'nothing',
      expected: 'SQL as an argument or on stdin',
    });
  const [{ openProjectStore, projectHome }, { openLedger }] = await Promise.all([
    import('../session/project.ts'),
    import('../../engine/ledger/ledger.ts'),
  ]);
  const views = MENTIONS_FEATURES.test(query) ? (await import('../session/feature-views.ts')).featureViews(await openProjectStore()) : {};
  const rows = (await openLedger(await projectHome()).query(query, [], views)).map(plainRow);
  if (options.json) return printJson({ rows });
  const columns = Object.keys(rows[0] ?? {});
  for (const line of tableLines(
    columns,
    rows.map((row) => columns.map((column) => row[column])),
  ))
    print(line);
  say(`${rows.length} rows`);
}

/** Numbers that JSON can hold; what is larger stays a text. */
function plainRow(row: Record<string, unknown>): Record<string, unknown> {
  const plain = (value: unknown): unknown => {
    if (typeof value !== 'bigint') return value;
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  };
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
}

async function fromStdin(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}
