import type { Problem } from '../../errors/problem.ts';
import { parseCsv } from './csv.ts';

const COLUMNS = ['rater', 'item', 'system', 'question', 'score'] as const;

/** A row of a listening test. */
export interface RatingRow {
  readonly rater: string;
  readonly item: string;
  readonly system: string;
  readonly question: string;
  /** 1 … 5 */
  readonly score: number;
}

/** Reads `rater,item,system,question,score`. Rows with a score that is no number from 1 to 5 are problems; the others are kept. */
export function readRatings(text: string, where: string): { ratings: RatingRow[]; problems: Problem[] } {
  const { header, rows, problems } = parseCsv(text, where);
  const missing = COLUMNS.filter((name) => !header.includes(name));
  if (missing.length > 0) {
    const found = header.join(', ');
    return {
      ratings: [],
      problems: [{ code: 'MANIFEST_COLUMNS', what: `Ratings lack ${missing.join(', ')}`, where, found, expected: COLUMNS.join(', ') }],
    };
  }
  const ratings: RatingRow[] = [];
  const bad = [...problems];
  for (const { line, fields } of rows) {
    const field = (name: (typeof COLUMNS)[number]) => fields[header.indexOf(name)] ?? '';
    const score = Number(field('score'));
    if (field('score').trim() !== '' && score >= 1 && score <= 5)
      ratings.push({ rater: field('rater'), item: field('item'), system: field('system'), question: field('question'), score });
    else
      bad.push({ code: 'MANIFEST_ROW', what: 'A rating is no score', where: `${where}:${line}`, found: field('score'), expected: '1 … 5' });
  }
  return { ratings, problems: bad };
}
