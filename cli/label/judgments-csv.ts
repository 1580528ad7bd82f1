import { readFileSync } from 'node:fs';
import { parseCsv } from '../../datasets/sources/csv.ts';
import { decodeText } from '../../datasets/sources/text.ts';
import { nearest } from '../../engine/plan/nearest.ts';
import { type Problem, SostenutoError } from '../../errors/problem.ts';
import { choices, type Judgment } from '../../models/preference/judge.ts';

const columns = ['pair', 'judge', 'choice'] as const;
type Row = Readonly<Record<(typeof columns)[number], string>>;

/**
 * Judgments of a table `pair,judge,choice` (a, b or tie), for pairs that are asked about.
 * @throws SostenutoError `BAD_JUDGMENTS` with every problem, each with its line.
 */
export function readJudgmentsCsv(path: string, pairs: readonly { readonly id: string }[]): Judgment[] {
  const { header, rows, problems: malformed } = parseCsv(readText(path), path);
  const problems: Problem[] = malformed.map((problem) => ({ ...problem, code: 'BAD_JUDGMENTS' }));
  if (header.toSorted().join() !== columns.toSorted().join())
    throw new SostenutoError(bad('The first line does not name the columns.', `${path}:1`, header.join(','), columns.join(',')));
  const known = new Set(pairs.map(({ id }) => id));
  const lines = new Map<string, number>();
  const judgments: Judgment[] = [];
  for (const { line, fields } of rows) {
    const row = Object.fromEntries(header.map((name, index) => [name, fields[index]?.trim() ?? ''])) as Row;
    const where = `${path}:${line}`;
    const choice = choices.find((one) => one === row.choice);
    const close = known.has(row.pair) ? undefined : nearest(row.pair, known);
    if (!known.has(row.pair))
      problems.push({
        ...bad('The run does not ask about this pair.', where, row.pair, 'the id of a pair'),
        ...(close && { hint: `Did you mean "${close}"?` }),
      });
    if (row.judge === '') problems.push(bad('A judgment names no judge.', where, row.judge, 'a name'));
    if (choice === undefined) problems.push(bad('A judgment makes no known choice.', where, row.choice, choices.join(', ')));
    const key = JSON.stringify([row.pair, row.judge]);
    const earlier = lines.get(key);
    if (earlier !== undefined)
      problems.push(bad('A judge judges a pair twice.', where, `also on line ${earlier}`, 'one line for each judge and pair'));
    lines.set(key, line);
    if (choice !== undefined) judgments.push({ pair: row.pair, judge: row.judge, choice });
  }
  if (problems.length === 0 && judgments.length === 0)
    problems.push(bad('There are no judgments.', path, 'no rows', 'one line a judgment'));
  if (problems.length > 0) throw new SostenutoError(problems);
  return judgments;
}

function readText(path: string): string {
  try {
    return decodeText(readFileSync(path), path);
  } catch (cause) {
    if (cause instanceof SostenutoError) throw cause;
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new SostenutoError(bad('The file cannot be opened.', path, found, `a table ${columns.join(',')}`), { cause });
  }
}

const bad = (what: string, where: string, found: string, expected: string): Problem => ({
  code: 'BAD_JUDGMENTS',
  what,
  where,
  found,
  expected,
});
